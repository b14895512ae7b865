import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { checkGroup } from '../group.ts';
import {
  firstCommit,
  normalisedOrigin,
  originFolder,
  originUrl,
  type Repository,
  realPath,
  repositoryOf,
} from './git.ts';

export interface ScopeInput {
  readonly directory: string;
  /** The memory to use in every folder. */
  readonly group?: string | undefined;
  readonly userGroup?: string | undefined;
  /** The first commit, where the caller knows it: opencode's `project.id`. */
  readonly rootCommit?: string | undefined;
  /** The URL of the remote `origin` as the host recorded it, for a folder that no longer exists. */
  readonly origin?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Scope {
  /** The memory of the project: the same in its worktrees and clones. */
  readonly group: string;
  readonly by: 'option' | 'environment' | 'origin' | 'root-commit' | 'path';
  /** True if a copied folder could name this memory too; see joined-folders.ts. */
  readonly needsJoining: boolean;
  /** The repository that named the memory, if it is not the folder's own. */
  readonly source?: string | undefined;
  /** The user's memory, for everything that applies to all projects. */
  readonly userGroup: string;
}

const HASH = /^[0-9a-f]{40,64}$/;
const LONGEST_NAME = 60;
/** A clone of a clone of a clone on this machine. */
const MOST_STEPS = 4;

/**
 * The memory of a folder, found by reading a few small files.
 * @throws InvalidInputError when the option or the environment names a group that cannot be one
 */
export function scopeOf({ directory, group, userGroup, rootCommit, origin, environment }: ScopeInput): Scope {
  const user = userGroupOf(userGroup, environment);
  if (group) return { group: checkGroup(group), by: 'option', needsJoining: false, userGroup: user };
  const named = environment.MEMORY_GROUP_ID || environment.MEMORY_GROUP;
  if (named) return { group: checkGroup(named), by: 'environment', needsJoining: false, userGroup: user };
  const noted = origin && !existsSync(directory) ? normalisedOrigin(origin) : undefined;
  // A folder that no longer exists cannot join.
  if (noted) return { ...ofOrigin(noted), needsJoining: false, userGroup: user };
  return { ...projectOf(realPath(directory), environment.GIT_DIR, rootCommit), userGroup: user };
}

function projectOf(directory: string, gitDir?: string, rootCommit?: string): Omit<Scope, 'userGroup'> {
  const start = repositoryOf(directory, gitDir);
  if (!start)
    return { group: named('repo', basename(directory), `path ${directory}`), by: 'path', needsJoining: false };
  let repository: Repository = start;
  let address: string | undefined;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const url = originUrl(repository.folder);
    address = url && normalisedOrigin(url);
    const source: Repository | undefined = url && !address ? cloned(repository, url) : undefined;
    if (!source) break;
    repository = source;
  }
  const { folder } = repository;
  const isOwn = folder === start.identity;
  const whose = { needsJoining: !isOwn, ...(!isOwn && { source: folder }) };
  if (address) return { ...whose, ...ofOrigin(address) };
  // Copies are in folders with different names, so the name of the memory must not depend on the folder's name.
  const ofCommit = (hash: string) => ({ group: named('repo', 'git', `root ${hash}`), by: 'root-commit' as const });
  const first = firstCommit(folder);
  if (first) return { ...whose, ...ofCommit(first) };
  // Git, which the caller asked, follows links to the objects of other repositories.
  if (rootCommit && HASH.test(rootCommit)) return { ...whose, ...ofCommit(rootCommit), needsJoining: true };
  return { ...whose, group: named('repo', folderName(folder), `path ${folder}`), by: 'path' };
}

const ofOrigin = (address: string): Omit<Scope, 'userGroup'> => ({
  group: named('repo', basename(address), `origin ${address}`),
  by: 'origin',
  needsJoining: true,
});

/** The repository on this machine that another was cloned from. */
function cloned({ folder, root }: Repository, url: string): Repository | undefined {
  const source = originFolder(url);
  const sourceRepository = source ? repositoryOf(realPath(resolve(root, source))) : undefined;
  return sourceRepository && sourceRepository.folder !== folder ? sourceRepository : undefined;
}

const folderName = (gitFolder: string): string =>
  basename(gitFolder) === '.git' ? basename(dirname(gitFolder)) : basename(gitFolder);

function userGroupOf(option: string | undefined, environment: ScopeInput['environment']): string {
  const group = option || environment.MEMORY_USER_GROUP;
  if (group) return checkGroup(group);
  const id = environment.MEMORY_USER_ID || environment.USER || environment.USERNAME || userName();
  return /^[\w-]{1,100}$/.test(id) ? `user_${id}` : named('user', id, id);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'me';
  }
}

/** The project's name within the name of a memory, such as `harbor`; undefined for memories that were not named after a folder. */
export const projectNameOf = (group: string): string | undefined => /^repo_(.+)_[0-9a-f]{16}$/.exec(group)?.[1];

function named(kind: string, name: string, of: string): string {
  const letters = name
    .replace(/\.git$/, '')
    .replace(/[^\w-]+/g, '-')
    .slice(0, LONGEST_NAME);
  return `${kind}_${letters || 'unnamed'}_${createHash('sha256').update(of).digest('hex').slice(0, 16)}`;
}

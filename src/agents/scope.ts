import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { checkGroup } from '../group.ts';
import { type Repository, realPath, repositoryOf } from './git-folder.ts';
import { firstCommit, normalisedOrigin, originFolder, originUrl } from './git-origin.ts';

export interface Whereabouts {
  readonly directory: string;
  /** The memory to use whatever the folder is. */
  readonly group?: string | undefined;
  readonly userGroup?: string | undefined;
  /** The first commit, where the caller knows it: opencode's `project.id`. */
  readonly rootCommit?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Scope {
  /** The memory of the project: the same in its worktrees and clones. */
  readonly group: string;
  readonly by: 'option' | 'environment' | 'origin' | 'root-commit' | 'path';
  /** The memory of the user, for what holds in every project. */
  readonly userGroup: string;
}

const HASH = /^[0-9a-f]{40,64}$/;
const LONGEST_NAME = 60;
/** A clone of a clone of a clone on this machine. */
const MOST_STEPS = 4;

/**
 * Which memory a folder has, found by reading a few small files.
 * @throws InvalidInputError when the option or the environment names a group that cannot be one
 */
export function scopeOf({ directory, group, userGroup, rootCommit, environment }: Whereabouts): Scope {
  const user = userGroupOf(userGroup, environment);
  if (group) return { group: checkGroup(group), by: 'option', userGroup: user };
  const named = environment.MEMORY_GROUP_ID || environment.MEMORY_GROUP;
  if (named) return { group: checkGroup(named), by: 'environment', userGroup: user };
  return { ...projectOf(realPath(directory), environment.GIT_DIR, rootCommit), userGroup: user };
}

function projectOf(directory: string, gitDir?: string, rootCommit?: string): Omit<Scope, 'userGroup'> {
  const own = repositoryOf(directory, gitDir);
  if (!own) return { group: named('repo', basename(directory), `path ${directory}`), by: 'path' };
  let repository: Repository = own;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const url = originUrl(repository.folder);
    const address = url && normalisedOrigin(url);
    if (address) return { group: named('repo', basename(address), `origin ${address}`), by: 'origin' };
    const source: Repository | undefined = url ? cloned(repository, url) : undefined;
    if (!source) break;
    repository = source;
  }
  const first = firstCommit(repository.folder) ?? (rootCommit && HASH.test(rootCommit) ? rootCommit : undefined);
  // Copies lie in folders of different names, so that no name of a folder may stand in it.
  if (first) return { group: named('repo', 'git', `root ${first}`), by: 'root-commit' };
  return { group: named('repo', folderName(repository.folder), `path ${repository.folder}`), by: 'path' };
}

/** The repository on this machine that another was cloned from. */
function cloned({ folder, root }: Repository, url: string): Repository | undefined {
  const source = originFolder(url);
  const found = source ? repositoryOf(realPath(resolve(root, source))) : undefined;
  return found && found.folder !== folder ? found : undefined;
}

const folderName = (gitFolder: string): string =>
  basename(gitFolder) === '.git' ? basename(dirname(gitFolder)) : basename(gitFolder);

function userGroupOf(option: string | undefined, environment: Whereabouts['environment']): string {
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

function named(kind: string, name: string, of: string): string {
  const letters = name
    .replace(/\.git$/, '')
    .replace(/[^\w-]+/g, '-')
    .slice(0, LONGEST_NAME);
  return `${kind}_${letters || 'unnamed'}_${createHash('sha256').update(of).digest('hex').slice(0, 16)}`;
}

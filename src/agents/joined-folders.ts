import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readJsonFile } from '../json.ts';
import { openSpool } from '../queue/spool/spool.ts';
import { readOutcomes } from '../telemetry/agent-outcomes.ts';
import { realPath, repositoryOf } from './git.ts';
import type { Scope } from './scope.ts';

/*
 * A copied folder can name the memory of another project: its `.git/config` can contain the origin of another repository, or its `.git`
 * can point to one on this machine. So each home records which repositories belong to a memory (MEMORY_HOME/agents/joined/<group>/), and
 * the user has to join any other repository.
 * - No repository is recorded: the repositories in which agents have used this memory before and the one that the folder points to are
 * recorded. If there are none, the memory is new here, and the current repository is recorded.
 * - The current repository is recorded: it has joined.
 * - Otherwise nothing is recalled in this folder, and its turns wait in the spool under `held/` until the folder has joined.
 * A memory that an option or the environment names was chosen by the user and needs no joining. A repository that its own log or path
 * identifies is recorded silently.
 */

export interface FolderScope {
  readonly home: string;
  readonly scope: Pick<Scope, 'group' | 'by' | 'needsJoining' | 'source'>;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For a preview, which records nothing: the first repository of each memory that is new to the home. */
  readonly firsts?: Map<string, string>;
}

/** A folder that has not joined the memory of its origin. */
export interface UnjoinedFolder {
  readonly group: string;
  /** The repository, which all its worktrees share. */
  readonly repository: string;
  /** Repositories that have joined. */
  readonly others: readonly string[];
  /** Where its turns wait; see `Spool.hold`. */
  readonly place: string;
}

const shape = z.object({ repository: z.string() });
const MOST_SHOWN = 3;

/**
 * Undefined for a folder that may use its memory. Records the first folder of a memory, and releases turns that waited for a joined
 * folder.
 * @param isNoted false to change nothing
 */
export function unjoinedFolder(folder: FolderScope, isNoted = true): UnjoinedFolder | undefined {
  const { home, scope, directory, environment, firsts } = folder;
  const { group, by, needsJoining, source } = scope;
  if (!needsJoining && by !== 'root-commit') return undefined;
  const repository = repositoryOf(realPath(directory), environment.GIT_DIR)?.identity;
  if (repository === undefined) return undefined;
  const place = placeOf(group, repository);
  if (!existsSync(noteOf(home, group, repository))) {
    const known = joinedRepositories(home, group);
    const used = known.length > 0 ? known : usedRepositories(home, group);
    const first = used.length === 0 ? firsts?.get(group) : undefined;
    const others = [...new Set([...used, first, source])].filter((other) => other !== undefined);
    if (needsJoining && others.length > 0 && !used.includes(repository) && first !== repository) {
      if (isNoted && known.length === 0) for (const other of others) note(home, group, other);
      return { group, repository, others: others.slice(0, MOST_SHOWN), place };
    }
    firsts?.set(group, first ?? repository);
    if (isNoted) for (const joined of new Set([...others, repository])) note(home, group, joined);
  }
  if (isNoted) openSpool(home, Number.MAX_SAFE_INTEGER).release(place);
  return undefined;
}

/** Lets a folder use its memory from now on. @returns how many turns waited */
export function joinMemory(home: string, { group, repository, place }: UnjoinedFolder): number {
  note(home, group, repository);
  return openSpool(home, Number.MAX_SAFE_INTEGER).release(place);
}

/** One line for the user, in the way the host has for it. */
export function joinSentence({ group, others: [other = ''] }: UnjoinedFolder): string {
  return `This folder has not joined the memory "${group}", which ${other} uses: nothing is recalled, and turns wait on this disk. If it is your project, type \`memory-manager join\` in it.`;
}

/** Repositories that have joined a memory, in the order of their names. */
export function joinedRepositories(home: string, group: string): string[] {
  const folder = folderOf(home, group);
  return filesIn(folder)
    .flatMap((name) => readJsonFile(join(folder, name), shape)?.repository ?? [])
    .sort();
}

/** Repositories of folders in which agents used this memory before repositories were recorded. */
function usedRepositories(home: string, group: string): string[] {
  const directories = new Set(
    readOutcomes(home).flatMap((outcome) => (outcome.group === group ? outcome.directory : [])),
  );
  return [
    ...new Set([...directories].flatMap((directory) => repositoryOf(realPath(directory))?.identity ?? [])),
  ].sort();
}

function note(home: string, group: string, repository: string): void {
  mkdirSync(folderOf(home, group), { recursive: true, mode: 0o700 });
  writeFileSync(noteOf(home, group, repository), JSON.stringify({ repository }), { mode: 0o600 });
}

const folderOf = (home: string, group: string): string => join(home, 'agents', 'joined', group);
const noteOf = (home: string, group: string, repository: string): string =>
  join(folderOf(home, group), `${hashOf(repository)}.json`);
const placeOf = (group: string, repository: string): string => hashOf(`${group} ${repository}`);
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** A repository, found from any of its worktrees. */
export interface Repository {
  /** The folder with its configuration and log: `.git` of the first worktree, or the bare repository. */
  readonly folder: string;
  /** The root of its working tree. */
  readonly root: string;
  /**
   * The name under which a repository joins a memory: `folder`. If `.git` points to a repository that does not point back, the folder
   * counts as a separate repository, because a downloaded folder can name any repository.
   */
  readonly identity: string;
}

/** The repository that a folder belongs to, found by reading files only; undefined for none. */
export function repositoryOf(directory: string, gitDir?: string | undefined): Repository | undefined {
  const fromVariable = gitDir ? resolve(directory, gitDir) : undefined;
  if (fromVariable && isRepository(fromVariable)) {
    const folder = shared(fromVariable);
    return { folder, root: directory, identity: folder };
  }
  for (let at = directory; ; at = dirname(at)) {
    const own = join(at, '.git');
    const linked = gitFolder(own);
    if (linked) return foundIn(at, own, linked);
    if (isRepository(at)) return foundIn(at, at, at);
    if (dirname(at) === at) return undefined;
  }
}

function foundIn(root: string, own: string, gitDirectory: string): Repository {
  const folder = shared(gitDirectory);
  const place = join(realPath(dirname(own)), basename(own));
  return { folder, root, identity: leadsBack(realPath(gitDirectory), folder, place) ? folder : place };
}

/** `.git` is a folder. In linked worktrees and submodules it is a file that names the folder. */
function gitFolder(path: string): string | undefined {
  if (isRepository(path)) return path;
  const [, named] = /^gitdir:\s*(.+?)\s*$/m.exec(readOptionalFile(path) ?? '') ?? [];
  const folder = named && resolve(dirname(path), named);
  return folder && existsSync(join(folder, 'HEAD')) ? folder : undefined;
}

function isRepository(folder: string): boolean {
  return existsSync(join(folder, 'HEAD')) && existsSync(join(folder, 'config')) && isFolder(join(folder, 'objects'));
}

/** The folder of a linked worktree names the folder that all worktrees share. */
function shared(folder: string): string {
  const common = readOptionalFile(join(folder, 'commondir'))?.trim();
  return realPath(common ? resolve(folder, common) : folder);
}

/**
 * Whether a repository itself names `place` (a `.git`) as its own: the repository is at this path, its `worktrees/<name>/gitdir` contains
 * the path, or it belongs to a submodule and its `core.worktree` names the folder of `place`.
 * @param folder the folder that all worktrees share
 */
function leadsBack(gitDirectory: string, folder: string, place: string): boolean {
  if (gitDirectory !== folder) {
    const worktree = readOptionalFile(join(gitDirectory, 'gitdir'))?.trim();
    const isOfFolder = dirname(gitDirectory) === join(folder, 'worktrees');
    return isOfFolder && worktree !== undefined && samePlace(resolve(gitDirectory, worktree), place);
  }
  if (folder === place) return true;
  const files = ['config.worktree', 'config'];
  const [worktree] = files.flatMap((name) => configured(join(folder, name), /^core$/i, 'worktree') ?? []);
  return worktree !== undefined && realPath(resolve(folder, worktree)) === dirname(place);
}

/** The last part of the path may be a link, which must not be followed. */
const samePlace = (path: string, place: string): boolean => join(realPath(dirname(path)), basename(path)) === place;

/** The file's text; undefined if it cannot be read. */
export function readOptionalFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The path itself if it does not exist. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

const FIRST_COMMIT = /^0{40,64} ([0-9a-f]{40,64}) .*\tcommit \(initial\)/;

/** The URL of the remote `origin` as written in the repository's configuration. */
export const originUrl = (gitFolder: string): string | undefined =>
  configured(join(gitFolder, 'config'), /^remote\s+"origin"$/i, 'url');

/** The first value that is not empty of a name in a section of a configuration file. */
function configured(file: string, wanted: RegExp, name: string): string | undefined {
  const assignment = new RegExp(`^\\s*(?:\\[[^\\]]*\\]\\s*)?${name}\\s*=\\s*(.*?)\\s*$`, 'i');
  let isWanted = false;
  for (const line of (readOptionalFile(file) ?? '').split('\n')) {
    const [, section] = /^\s*\[([^\]]*)\]/.exec(line) ?? [];
    if (section !== undefined) isWanted = wanted.test(section.trim());
    const [, value] = assignment.exec(line) ?? [];
    if (isWanted && value) return value.replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/** The hash of the first commit, from the log of HEAD; undefined if the repository was cloned. */
export function firstCommit(gitFolder: string): string | undefined {
  const path = join(gitFolder, 'logs', 'HEAD');
  // A link may point to the log of another repository.
  const log = realPath(path) === path ? readOptionalFile(path) : undefined;
  return log === undefined ? undefined : FIRST_COMMIT.exec(log)?.[1];
}

/**
 * `host/path` of a repository's URL, the same for ssh, https, git and scp notation, without user, password, port and `.git`. Undefined for
 * a folder of this machine.
 */
export function normalisedOrigin(url: string): string | undefined {
  const [, host, path] =
    /^[a-z][a-z0-9+.-]*:\/\/(?:[^/]*@)?(\[[^\]]+\]|[^/:]+)(?::\d*)?\/(.+)$/i.exec(url) ??
    /^(?:[^/@:]+@)?(\[[^\]]+\]|[^/:]{2,}):(?!\/\/)(.+)$/.exec(url) ??
    [];
  if (!host || !path || /^file:/i.test(url)) return undefined;
  const trimmed = decoded(path)
    .split(/[?#]/, 1)[0]
    ?.replace(/^[/~]+|\/+$/g, '')
    .replace(/\.git$/i, '')
    .replace(/\/{2,}/g, '/');
  return trimmed ? `${host.replace(/^(?:www|ssh|altssh)\./i, '')}/${trimmed}`.toLowerCase() : undefined;
}

/** The folder that a local URL or path names. */
export function originFolder(url: string): string | undefined {
  if (/^file:\/\//i.test(url)) return decoded(url.replace(/^file:\/\/(?:localhost)?/i, ''));
  return /^[a-z]{2,}[\w+.-]*:|^[^/]*@[^/]*:/i.test(url) || normalisedOrigin(url) ? undefined : url;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A repository, whichever of its worktrees was asked for. */
export interface Repository {
  /** What all worktrees share: `.git` of the first one, or the bare repository. */
  readonly folder: string;
  /** Where its files lie. */
  readonly root: string;
}

/** The repository that a folder belongs to, found by reading files only; undefined for none. */
export function repositoryOf(directory: string, gitDir?: string | undefined): Repository | undefined {
  const fromVariable = gitDir ? resolve(directory, gitDir) : undefined;
  if (fromVariable && isRepository(fromVariable)) return { folder: shared(fromVariable), root: directory };
  for (let at = directory; ; at = dirname(at)) {
    const found = gitFolder(join(at, '.git')) ?? (isRepository(at) ? at : undefined);
    if (found) return { folder: shared(found), root: at };
    if (dirname(at) === at) return undefined;
  }
}

/** `.git` is a folder, or in linked worktrees and submodules a file that names one. */
function gitFolder(path: string): string | undefined {
  if (isRepository(path)) return path;
  const [, named] = /^gitdir:\s*(.+?)\s*$/m.exec(contentOf(path) ?? '') ?? [];
  const folder = named && resolve(dirname(path), named);
  return folder && existsSync(join(folder, 'HEAD')) ? folder : undefined;
}

function isRepository(folder: string): boolean {
  return existsSync(join(folder, 'HEAD')) && existsSync(join(folder, 'config')) && isFolder(join(folder, 'objects'));
}

/** A linked worktree's folder names the one that it shares with the others. */
function shared(folder: string): string {
  const common = contentOf(join(folder, 'commondir'))?.trim();
  return realPath(common ? resolve(folder, common) : folder);
}

/** Undefined when it is no file that can be read. */
export function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The path itself when it leads nowhere. */
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

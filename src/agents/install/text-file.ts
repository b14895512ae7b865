import { chmodSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ConfigError, InvalidInputError } from '../../errors.ts';

/** The content of a file; undefined if there is no file. @throws ConfigError, InvalidInputError */
export function readText(path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (error instanceof TypeError)
      throw new InvalidInputError(`${path} is not UTF-8 text; nothing was changed.`, { cause: error });
    throw new ConfigError(`${path} cannot be read (${code}); nothing was changed.`, { cause: error });
  }
}

/** The path of the backup of the original file. */
export const backupOf = (path: string): string => `${real(path)}.before-memory-manager`;

/**
 * Writes the file in one step: a reader sees the old text or the new one. Mode, owner and links stay as they are.
 * @throws ConfigError
 */
export function writeText(path: string, text: string): void {
  try {
    mkdirSync(dirname(real(path)), { recursive: true });
    writeFileAtomic.sync(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${path} cannot be written (${code}); nothing was changed.`, { cause: error });
  }
}

/** A rename would also replace a read-only file, so writability is checked first. @throws ConfigError */
export function checkWritable(path: string): void {
  if (((modeOf(path) ?? 0o200) & 0o222) === 0)
    throw new ConfigError(`${path} is read-only; make it writable (chmod u+w) and try again. Nothing was changed.`);
}

/** Keeps a copy beside the file, as private as the file. */
export function backUp(path: string, text: string): void {
  const copy = backupOf(path);
  const mode = modeOf(path) ?? 0o600;
  writeFileSync(copy, text, { mode });
  chmodSync(copy, mode);
}

export const removeFile = (path: string): void => rmSync(path, { force: true });

function modeOf(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && stats.mode & 0o7777;
}

/** The target of a link, because renaming onto the link would replace the link. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

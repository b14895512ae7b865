import { InvalidInput } from '../../errors.ts';
import { DAY } from '../../time.ts';
import type { Listed } from './store.ts';

/** What is left behind may belong to somebody who is still writing for so long; B2 tells only when a large file was begun. */
export const STALE = 1 * DAY;

// What every store can hold, and nothing that leads out of it.
const NAME = /^[A-Za-z0-9_][\w.-]{0,199}$/;

export const isName = (name: string): boolean => NAME.test(name);

/** @throws InvalidInput */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw new InvalidInput(
    `"${name}" cannot be the name of an archive; take letters, digits, underscores, hyphens and dots, 200 at most.`,
  );
}

export function noSuchArchive(name: string, place: string, cause?: unknown): InvalidInput {
  return new InvalidInput(`There is no archive "${name}" in ${place}.`, { cause });
}

export function newestFirst(files: Listed[]): Listed[] {
  return files.sort((a, b) => b.at.getTime() - a.at.getTime() || (a.name < b.name ? 1 : -1));
}

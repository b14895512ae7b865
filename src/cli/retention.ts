import type { Retention } from '../archive/prune.ts';
import { InvalidInputError } from '../errors.ts';

/** Reads `daily=7,weekly=4,monthly=12`, where each part is optional. @throws InvalidInputError */
export function readKeep(text: string | undefined): Partial<Retention> {
  const pairs = (text ?? '').split(',').map((part) => /^\s*(daily|weekly|monthly)\s*=\s*(\d{1,4})\s*$/.exec(part));
  if (text === undefined || pairs.some((pair) => pair === null))
    throw new InvalidInputError('Give the number of archives to keep, such as --keep daily=7,weekly=4,monthly=12.');
  return Object.fromEntries(pairs.map((pair) => [pair?.[1], Number(pair?.[2])]));
}

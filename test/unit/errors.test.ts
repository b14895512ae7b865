import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as errors from '../../src/errors.ts';

const NEVER_AGAIN = [
  'ArchiveDamagedError',
  'GraphLostError',
  'ArchivePlaceError',
  'InvalidInputError',
  'JobFailedError',
  'UnusableReplyError',
  'ServersMissingError',
  'SpoolFullError',
  'TextTooLongError',
];
type Failure = new (message: string, options?: ErrorOptions) => Error;
const classes = Object.entries(errors).filter(([name]) => /^[A-Z]/.test(name)) as [string, Failure][];

test('there are failures to check', () => expect(classes.length).toBeGreaterThan(10));

test.each(classes)('%s carries its own name, is foreseen, and stands in the table', (name, Failed) => {
  const cause = new Error('deeper');
  const failure = new Failed('A sentence.', { cause });

  expect(failure).toMatchObject({ name, message: 'A sentence.', cause });
  expect(errors.isForeseen(failure)).toBe(true);
  expect(errors.isRetried(failure)).toBe(!NEVER_AGAIN.includes(name));
});

test.each([new Error('x'), new TypeError('x'), 'text', null, undefined, { name: 'InvalidInputError' }])(
  '%s was not foreseen, and is tried again',
  (error) => {
    expect(errors.isForeseen(error)).toBe(false);
    expect(errors.isRetried(error)).toBe(true);
  },
);

test.each(['toString', 'constructor', '__proto__'])('an error that calls itself %s is not foreseen', (name) => {
  const error = Object.assign(new Error('x'), { name });

  expect(errors.isForeseen(error)).toBe(false);
  expect(errors.isRetried(error)).toBe(true);
});

test('docs/failures.md lists the failure policy of each failure, and of no other', () => {
  const page = readFileSync(new URL('../../docs/failures.md', import.meta.url), 'utf8');
  const told = [...page.matchAll(/^\| `(\w+)` \| (waits|retried|given up) \|/gm)].map(([, name, fate]) => [name, fate]);

  const shown = { postpone: 'waits', retry: 'retried', deadLetter: 'given up' };
  const known = classes.map(([name, Failed]) => [name, shown[errors.failurePolicy(new Failed('A sentence.'))]]);
  expect(told.sort()).toEqual(known.sort());
  expect(page).toMatch(new RegExp(`^\\| anything else \\| ${shown[errors.failurePolicy(new Error('x'))]} \\|`, 'm'));
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as errors from '../../src/errors.ts';
import * as api from '../../src/index.ts';

const NEVER_AGAIN = [
  'ArchiveDamagedError',
  'GraphLostError',
  'ArchiveKeyError',
  'ArchiveLocationError',
  'InvalidInputError',
  'JobFailedError',
  'UnusableReplyError',
  'ServersMissingError',
  'SpoolFullError',
  'TextTooLongError',
];
/** Programs compare these; they never change. */
const CODES: Readonly<Record<string, string>> = {
  InvalidInputError: 'ERR_INVALID_INPUT',
  ConfigError: 'ERR_CONFIG',
  StoreUnreachableError: 'ERR_STORE_UNREACHABLE',
  WrongServerError: 'ERR_WRONG_SERVER',
  AccessRefusedError: 'ERR_ACCESS_REFUSED',
  EmbedderMismatchError: 'ERR_EMBEDDER_MISMATCH',
  TimedOutError: 'ERR_TIMED_OUT',
  NoWorkerError: 'ERR_NO_WORKER',
  JobFailedError: 'ERR_JOB_FAILED',
  ModelUnavailableError: 'ERR_MODEL_UNAVAILABLE',
  ModelFailedError: 'ERR_MODEL_FAILED',
  ModelBusyError: 'ERR_MODEL_BUSY',
  BudgetSpentError: 'ERR_BUDGET_SPENT',
  NewerJobError: 'ERR_NEWER_JOB',
  UnusableReplyError: 'ERR_UNUSABLE_REPLY',
  TextTooLongError: 'ERR_TEXT_TOO_LONG',
  StaleFenceError: 'ERR_STALE_FENCE',
  SpoolFullError: 'ERR_SPOOL_FULL',
  ArchiveUnavailableError: 'ERR_ARCHIVE_UNAVAILABLE',
  ArchiveDamagedError: 'ERR_ARCHIVE_DAMAGED',
  GraphLostError: 'ERR_GRAPH_LOST',
  ArchiveKeyError: 'ERR_ARCHIVE_KEY',
  ArchiveLocationError: 'ERR_ARCHIVE_LOCATION',
  ServersMissingError: 'ERR_SERVERS_MISSING',
};
type Failure = new (message: string, options?: ErrorOptions) => Error;
const classes = Object.entries(errors).filter(([name]) => /^[A-Z]/.test(name)) as [string, Failure][];

test('there are errors to check', () => expect(classes.length).toBeGreaterThan(10));

test('programs can import every error class', () => {
  expect(Object.keys(api)).toEqual(expect.arrayContaining(classes.map(([name]) => name)));
});

test.each(classes)('%s has its own name, is a known error, and is listed in the table', (name, Failed) => {
  const cause = new Error('deeper');
  const failure = new Failed('A sentence.', { cause });

  expect(failure).toMatchObject({ name, code: CODES[name], message: 'A sentence.', cause });
  expect(errors.isOperationalError(failure)).toBe(true);
  expect(errors.isRepeatable(failure)).toBe(!NEVER_AGAIN.includes(name));
});

test.each([new Error('x'), new TypeError('x'), 'text', null, undefined, { name: 'InvalidInputError' }])(
  '%s is an unexpected error and is retried',
  (error) => {
    expect(errors.isOperationalError(error)).toBe(false);
    expect(errors.isRepeatable(error)).toBe(true);
  },
);

test.each(['toString', 'constructor', '__proto__'])('an error named %s is not a known error', (name) => {
  const error = Object.assign(new Error('x'), { name });

  expect(errors.isOperationalError(error)).toBe(false);
  expect(errors.isRepeatable(error)).toBe(true);
});

test('docs/failures.md lists the failure policy of each error, and no others', () => {
  const page = readFileSync(new URL('../../docs/failures.md', import.meta.url), 'utf8');
  const told = [...page.matchAll(/^\| `(\w+)` \| (postponed|retried|dead letter) \|/gm)].map(([, name, policy]) => [
    name,
    policy,
  ]);

  const shown = { postpone: 'postponed', retry: 'retried', deadLetter: 'dead letter' };
  const known = classes.map(([name, Failed]) => [name, shown[errors.failurePolicy(new Failed('A sentence.'))]]);
  const onlyCallers = [...page.matchAll(/^- `(\w+Error)`: /gm)].map(([, name]) => name);
  expect(onlyCallers.sort()).toEqual(['JobFailedError', 'NoWorkerError', 'ServersMissingError', 'SpoolFullError']);
  expect(told.sort()).toEqual(known.filter(([name]) => !onlyCallers.includes(name)).sort());
  expect(page).toMatch(new RegExp(`^\\| anything else \\| ${shown[errors.failurePolicy(new Error('x'))]} \\|`, 'm'));
});

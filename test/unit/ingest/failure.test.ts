import { expect, test } from 'vitest';
import {
  ArchiveUnavailableError,
  failurePolicy,
  ModelBusyError,
  ModelUnavailableError,
  StoreUnreachableError,
  UnusableReplyError,
} from '../../../src/errors.ts';
import { deserializeFailure, serializeFailure } from '../../../src/ingest/pending-batch.ts';

const retold = (error: unknown) => deserializeFailure(JSON.parse(JSON.stringify(serializeFailure(error))));

test.each([
  new UnusableReplyError('no'),
  new StoreUnreachableError('away'),
  new ModelBusyError('busy', { retryAfterMs: 5000 }),
  new ModelUnavailableError('away', { retryAfterMs: 30_000 }),
  new ArchiveUnavailableError('away', { retryAfterMs: 2000 }),
])('another worker receives the same error: %s', (error) => {
  const told = retold(error);

  expect(told).toBeInstanceOf(error.constructor);
  expect({ ...told, message: told.message }).toEqual({ ...error, message: error.message });
  expect(failurePolicy(told)).toBe(failurePolicy(error));
});

test('only the kind of an unexpected error is passed on', () => {
  const told = retold(new TypeError('secret text of the episode'));

  expect(told.message).toBe('An unexpected failure (TypeError).');
  expect(failurePolicy(told)).toBe('retry');
});

test('workers of earlier releases read and write the same error names', () => {
  expect(serializeFailure(new StoreUnreachableError('away')).name).toBe('StoreUnreachable');
  expect(serializeFailure(new UnusableReplyError('no')).name).toBe('ReplyUnusable');
  expect(serializeFailure(new ModelBusyError('busy', { retryAfterMs: 5 }))).toMatchObject({ retryAfter: 5 });
  expect(deserializeFailure({ name: 'ModelAway', message: 'away', retryAfter: 5 })).toEqual(
    new ModelUnavailableError('away', { retryAfterMs: 5 }),
  );
});

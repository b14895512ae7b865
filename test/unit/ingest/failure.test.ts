import { expect, test } from 'vitest';
import {
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
  new ModelBusyError('busy', { retryAfter: 5000 }),
])('another worker hears of the same failure: %s', (error) => {
  const told = retold(error);

  expect(told).toBeInstanceOf(error.constructor);
  expect({ ...told, message: told.message }).toEqual({ ...error, message: error.message });
  expect(failurePolicy(told)).toBe(failurePolicy(error));
});

test('of what nobody foresaw only the kind is told', () => {
  const told = retold(new TypeError('secret text of the episode'));

  expect(told.message).toBe('An unexpected failure (TypeError).');
  expect(failurePolicy(told)).toBe('retry');
});

test('workers of earlier releases read and write the same names', () => {
  expect(serializeFailure(new StoreUnreachableError('away')).name).toBe('StoreUnreachable');
  expect(serializeFailure(new UnusableReplyError('no')).name).toBe('ReplyUnusable');
  expect(deserializeFailure({ name: 'ModelAway', message: 'away' })).toBeInstanceOf(ModelUnavailableError);
});

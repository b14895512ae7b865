import { expect, test } from 'vitest';
import { fateOf, ModelBusy, ReplyUnusable, StoreUnreachable } from '../../../src/errors.ts';
import { deserializeFailure, serializeFailure } from '../../../src/ingest/pending-batch.ts';

const retold = (error: unknown) => deserializeFailure(JSON.parse(JSON.stringify(serializeFailure(error))));

test.each([new ReplyUnusable('no'), new StoreUnreachable('away'), new ModelBusy('busy', { retryAfter: 5000 })])(
  'another worker hears of the same failure: %s',
  (error) => {
    const told = retold(error);

    expect(told).toBeInstanceOf(error.constructor);
    expect({ ...told, message: told.message }).toEqual({ ...error, message: error.message });
    expect(fateOf(told)).toBe(fateOf(error));
  },
);

test('of what nobody foresaw only the kind is told', () => {
  const told = retold(new TypeError('secret text of the episode'));

  expect(told.message).toBe('An unexpected failure (TypeError).');
  expect(fateOf(told)).toBe('retried');
});

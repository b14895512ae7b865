import { expect, test } from 'vitest';
import { ConfigError, InvalidInputError, JobFailedError, TimedOutError } from '../../../src/errors.ts';
import { redactError } from '../../../src/telemetry/redact-error.ts';

const CANARY = 'canary';

test.each([
  [new ConfigError('B2 needs a key; set B2_KEY_ID.'), 'ConfigError', 'B2 needs a key; set B2_KEY_ID.'],
  [new InvalidInputError('There is no saga "canary".'), 'InvalidInputError', 'There is no saga "…".'],
  [new InvalidInputError('No episode "she said "canary" twice" here.'), 'InvalidInputError', 'No episode "…" here.'],
  [new InvalidInputError('No episode "of two\nlines canary" here.'), 'InvalidInputError', 'No episode "…" here.'],
  [
    new TimedOutError('It did not end. Its last try failed: canary'),
    'TimedOutError',
    'It did not end. Its last try failed.',
  ],
  [new JobFailedError('canary'), 'JobFailedError', 'A job ended without success.'],
  [new TypeError('canary is not a function'), 'TypeError', 'An unexpected failure (TypeError).'],
  [
    Object.assign(new Error('canary'), { code: 'ECONNREFUSED' }),
    'Error',
    'An unexpected failure (Error, ECONNREFUSED).',
  ],
  [Object.assign(new Error('canary'), { name: 'my canary', code: 'a canary!' }), 'object', expect.any(String)],
  [new Error('canary', { cause: new ConfigError('Set it.') }), 'ConfigError', 'Set it.'],
  ['canary', 'string', 'An unexpected failure (string).'],
  [null, 'object', 'An unexpected failure (object).'],
  [undefined, 'undefined', 'An unexpected failure (undefined).'],
])('for %s only parts without content are reported', (error, name, message) => {
  const told = redactError(error);

  expect(told).toEqual({ name, message });
  expect(JSON.stringify(told)).not.toContain(CANARY);
});

test('an address is not redacted', () => {
  expect(redactError(new ConfigError('Valkey at 127.0.0.1:6380 does not answer.')).message).toBe(
    'Valkey at 127.0.0.1:6380 does not answer.',
  );
});

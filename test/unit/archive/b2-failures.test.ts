import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { toCallFailure } from '../../../src/archive/stores/b2/failures.ts';
import { ConfigError } from '../../../src/errors.ts';

test.for([
  { error: { response: { status: 503, data: { code: 'service_unavailable' } } }, message: '503 service_unavailable' },
  { error: { response: { status: 502, data: '<html>Bad gateway</html>' } }, message: '502' },
  { error: { response: { status: 400, data: { code: 'the token 4_secret is bad' } } }, message: '400' },
  { error: { code: 'ECONNRESET', config: { headers: { Authorization: '4_secret' } } }, message: 'ECONNRESET' },
  { error: { isAxiosError: true }, message: 'no answer' },
])('only "$message" of a failed call is shown', ({ error, message }) => {
  const failure = toCallFailure(error);

  expect(failure.message).toBe(message);
  expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('4_secret');
});

test.for([
  ['3', 3000],
  ['0', 0],
  ['-1', null],
  ['Wed, 21 Oct 2026 07:28:00 GMT', null],
  [undefined, null],
] as const)('Retry-After %s is %s ms', ([value, expected]) => {
  const headers = value === undefined ? {} : { 'retry-after': value };

  expect(toCallFailure({ response: { status: 503, headers } }).retryAfterMs).toBe(expected);
});

test.for([new ConfigError('Set B2_BUCKET.'), new TypeError('x is not a function')])(
  'our own error is passed on unchanged: %s',
  (error) => {
    expect(() => toCallFailure(error)).toThrow(error);
  },
);

import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { refusedOf } from '../../../src/archive/stores/b2/failures.ts';
import { ConfigError } from '../../../src/errors.ts';

test.for([
  { error: { response: { status: 503, data: { code: 'service_unavailable' } } }, told: '503 service_unavailable' },
  { error: { response: { status: 502, data: '<html>Bad gateway</html>' } }, told: '502' },
  { error: { response: { status: 400, data: { code: 'the token 4_secret is bad' } } }, told: '400' },
  { error: { code: 'ECONNRESET', config: { headers: { Authorization: '4_secret' } } }, told: 'ECONNRESET' },
  { error: { isAxiosError: true }, told: 'no answer' },
])('$told is all that is told', ({ error, told }) => {
  const refused = refusedOf(error);

  expect(refused.message).toBe(told);
  expect(inspect(refused, { depth: 20, showHidden: true })).not.toContain('4_secret');
});

test.for([
  ['3', 3000],
  ['0', 0],
  ['-1', null],
  ['Wed, 21 Oct 2026 07:28:00 GMT', null],
  [undefined, null],
] as const)('Retry-After %s is %s ms', ([value, expected]) => {
  const headers = value === undefined ? {} : { 'retry-after': value };

  expect(refusedOf({ response: { status: 503, headers } }).retryAfter).toBe(expected);
});

test.for([new ConfigError('Set B2_BUCKET.'), new TypeError('x is not a function')])(
  'a sentence or a mistake of ours stays as it is: %s',
  (error) => {
    expect(() => refusedOf(error)).toThrow(error);
  },
);

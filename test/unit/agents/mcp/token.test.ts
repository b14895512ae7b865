import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readToken } from '../../../../src/agents/mcp/token.ts';
import { hasBearerToken } from '../../../../src/bearer-token.ts';

const folder = mkdtempSync(join(tmpdir(), 'memory-token-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a token is created once, in a private file', () => {
  const file = join(folder, 'deep', 'token');

  const [first, second] = [readToken(file), readToken(file)];

  expect(first).toEqual({ token: expect.stringMatching(/^[\w-]{43}$/), isNew: true });
  expect(second).toEqual({ token: first.token, isNew: false });
  expect(readFileSync(file, 'utf8')).toBe(`${first.token}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each(['', 'short', 'with a space in it, though long'])('%j is not a valid token', (content) => {
  const file = join(folder, 'poor');
  writeFileSync(file, content);
  chmodSync(file, 0o600);

  expect(() => readToken(file)).toThrow(/at least 16 characters without spaces/);
});

test.each([
  ['Bearer 0123456789abcdef', true],
  ['bearer  0123456789abcdef ', true],
  ['Bearer 0123456789abcdeF', false],
  ['Bearer 0123456789abcdef0', false],
  ['Basic 0123456789abcdef', false],
  ['0123456789abcdef', false],
  ['', false],
  [undefined, false],
])('%j presents the token: %j', (header, shows) => {
  expect(hasBearerToken(header, '0123456789abcdef')).toBe(shows);
});

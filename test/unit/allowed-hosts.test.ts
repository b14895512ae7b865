import { expect, test } from 'vitest';
import { hostRefusal } from '../../src/allowed-hosts.ts';

const ALLOWED = ['worker', 'metrics.example.org'];

test.each([
  undefined,
  'localhost',
  'localhost:9464',
  'LOCALHOST',
  'localhost.',
  '127.0.0.1:9464',
  '10.1.2.3:9464',
  '[::1]:9464',
  '[fd00::7]',
  'worker:9464',
  'Metrics.Example.org',
])('the host %s is allowed', (host) => {
  expect(hostRefusal({ host }, ALLOWED)).toBeUndefined();
});

test.each([
  'evil.example',
  'localhost.evil.example',
  'worker.evil.example',
  '127.0.0.1.nip.io',
  '',
  ' ',
  'a b',
  'a@localhost@b',
  '[::1',
])('the host %j is rejected with a message', (host) => {
  expect(hostRefusal({ host }, ALLOWED)).toMatch(
    /^The host ".*" is not allowed here; add its name to MEMORY_ALLOWED_HOSTS/,
  );
});

test.each(['http://localhost:3000', 'https://[::1]', 'https://metrics.example.org'])(
  'a page from %s is allowed',
  (origin) => {
    expect(hostRefusal({ host: 'localhost', origin }, ALLOWED)).toBeUndefined();
  },
);

test.each(['https://evil.example', 'null', 'http://203.0.113.5', 'file://', 'chrome-extension://abc', 'x'])(
  'a page from %s is rejected with a message',
  (origin) => {
    expect(hostRefusal({ host: 'localhost', origin }, ALLOWED)).toMatch(/^Pages of ".*" are not allowed here/);
  },
);

import { describe, expect, test } from 'vitest';
import { redact, redaction } from '../../../src/capture/redact.ts';
import { growth, LINEAR } from '../../support/processor.ts';
import { HARMLESS, hiddenThings } from '../../support/secrets.ts';

const hidden = hiddenThings();

test('two hundred secrets and private spans are known', () => {
  expect(hidden.length).toBeGreaterThanOrEqual(200);
});

test.each(hidden)('$name', ({ text, secrets }) => {
  const left = redact(text);

  for (const secret of secrets) expect(left).not.toContain(secret);
  expect(left).toMatch(/\[redacted:[\w-]+\]|\[private\]/);
});

test.each([11, 12, 13, 14, 15])('others of the same kinds: seed %i', (seed) => {
  const survivors = hiddenThings(seed).filter(({ text, secrets }) => secrets.some((it) => redact(text).includes(it)));

  expect(survivors).toEqual([]);
});

test.each(HARMLESS)('leaves alone: %s', (text) => {
  expect(redact(text)).toBe(text);
});

test('what stands around a secret stays', () => {
  expect(redact('a <private>b</private> c')).toBe('a [private] c');
  expect(redact('DB_PASSWORD="hunter22"\nDB_HOST=db')).toBe('DB_PASSWORD="[redacted:env]"\nDB_HOST=db');
  expect(redact('postgres://app:hunter22@db/app')).toBe('postgres://app:[redacted:password]@db/app');
});

test('doing it again changes nothing', () => {
  const changed = hidden.filter(({ text }) => redact(redact(text)) !== redact(text)).map(({ name }) => name);

  expect(changed).toEqual([]);
});

test('all of it in one text', () => {
  const closed = hidden.filter(({ name }) => !/^(?:private|block)/.test(name));
  const left = redact(closed.map(({ text }) => text).join('\n'));

  for (const { secrets } of closed) for (const secret of secrets) expect(left).not.toContain(secret);
});

describe('parts that belong together', () => {
  test('a span that one part opens hides the parts after it until one closes it', () => {
    const { of } = redaction();

    expect(of('a <private>b')).toBe('a [private]');
    expect(of('c')).toBe('[private]');
    expect(of('d</private> e')).toBe('[private] e');
    expect(of('f')).toBe('f');
  });

  test('what one part gives away is taken out of the others', () => {
    const { of, again } = redaction();
    const asked = of('Log in. It is hunter2x, I repeat:');
    of('password=hunter2x');

    expect(again(asked)).toBe('Log in. It is [redacted:repeated], I repeat:');
  });

  test('a long text is cut where a word ends', () => {
    expect(redaction().of(`ok ghp_${'a1'.repeat(20)}`, 20)).toBe('ok');
  });
});

test.each([
  ['openings', '<private '.repeat(100_000)],
  ['endings', '</private>'.repeat(100_000)],
  ['names', 'password '.repeat(100_000)],
  ['one word', 'a'.repeat(1_000_000)],
  ['capitals', `${'A_'.repeat(200_000)}KEY`],
  ['addresses', 'https://'.repeat(100_000)],
  ['base64', 'aB3/'.repeat(250_000)],
  ['dots', 'a.'.repeat(400_000)],
  ['hyphens', '-'.repeat(500_000)],
  ['key blocks', '-----BEGIN PRIVATE KEY-----'.repeat(30_000)],
])('a megabyte of %s is looked through in a time that grows with its length', (_, text) => {
  expect(growth((size) => void redact(text.slice(0, size)), text.length / 10)).toBeLessThan(LINEAR);
});

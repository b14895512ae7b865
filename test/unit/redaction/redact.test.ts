import { describe, expect, test } from 'vitest';
import { openRedaction, REDACTION_PATTERNS, redact } from '../../../src/redaction/redact.ts';
import { hostileShapes, hostileText } from '../../support/adversarial.ts';
import { ordinaryTexts } from '../../support/ordinary-texts.ts';
import { MAX_LINEAR_GROWTH, processorTime, timeGrowth } from '../../support/processor.ts';
import { secretCorpus } from '../../support/secret-corpus.ts';
import { HARMLESS_TEXTS, plantedSecrets } from '../../support/secrets.ts';

const hidden = plantedSecrets();

test('two hundred secrets and private spans are listed', () => {
  expect(hidden.length).toBeGreaterThanOrEqual(200);
});

test.each(hidden)('$name', ({ text, secrets }) => {
  const left = redact(text);

  for (const secret of secrets) expect(left).not.toContain(secret);
  expect(left).toMatch(/\[redacted:[\w-]+\]|\[private\]/);
});

test.each([11, 12, 13, 14, 15])('other values of the same kinds are redacted: seed %i', (seed) => {
  const survivors = plantedSecrets(seed).filter(({ text, secrets }) => secrets.some((it) => redact(text).includes(it)));

  expect(survivors).toEqual([]);
});

test.each(HARMLESS_TEXTS)('not redacted: %s', (text) => {
  expect(redact(text)).toBe(text);
});

test('the text around a secret is kept', () => {
  expect(redact('a <private>b</private> c')).toBe('a [private] c');
  expect(redact('DB_PASSWORD="hunter22"\nDB_HOST=db')).toBe('DB_PASSWORD="[redacted:env]"\nDB_HOST=db');
  expect(redact('postgres://app:hunter22@db/app')).toBe('postgres://app:[redacted:password]@db/app');
});

test('redacting twice changes nothing', () => {
  const changed = hidden.filter(({ text }) => redact(redact(text)) !== redact(text)).map(({ name }) => name);

  expect(changed).toEqual([]);
});

test('all secrets in one text are redacted', () => {
  const closed = hidden.filter(({ name }) => !/^(?:private|block)/.test(name));
  const left = redact(closed.map(({ text }) => text).join('\n'));

  for (const { secrets } of closed) for (const secret of secrets) expect(left).not.toContain(secret);
});

describe('parts that belong together', () => {
  test('a private span that one part opens hides the following parts until one closes it', () => {
    const { of } = openRedaction();

    expect(of('a <private>b')).toBe('a [private]');
    expect(of('c')).toBe('[private]');
    expect(of('d</private> e')).toBe('[private] e');
    expect(of('f')).toBe('f');
  });

  test('a secret that one part reveals is removed from the others', () => {
    const { of, again } = openRedaction();
    const asked = of('Log in. It is hunter2x, I repeat:');
    of('password=hunter2x');

    expect(again(asked)).toBe('Log in. It is [redacted:repeated], I repeat:');
  });

  test('a long text is cut at a word boundary', () => {
    expect(openRedaction().of(`ok ghp_${'a1'.repeat(20)}`, 20)).toBe('ok');
  });
});

test('ninety-five of a hundred secrets are removed from a corpus not used to write the patterns', () => {
  const corpus = secretCorpus();
  const left = corpus.filter(({ text, secret }) => redact(text).includes(secret)).map(({ name }) => name);

  expect(corpus.length).toBeGreaterThanOrEqual(300);
  expect(left.length, left.join(', ')).toBeLessThanOrEqual(corpus.length * 0.05);
});

test('at most two of two hundred ordinary texts change', () => {
  const texts = ordinaryTexts();
  const changed = texts.filter((text) => redact(text) !== text);

  expect(texts).toHaveLength(200);
  expect(changed.length, changed.join('\n\n')).toBeLessThanOrEqual(2);
});

test('a text that takes too long is hidden completely, and so are the parts after it', () => {
  let clock = 0;
  const { of } = openRedaction(() => {
    clock += 600;
    return clock;
  });

  expect(of('first, password=hunter2x')).toBe('[private]');
  expect(of('second')).toBe('[private]');
});

describe('the running time', () => {
  const shapes = hostileShapes(REDACTION_PATTERNS);

  test('grows at most linearly with the text, whatever the text', () => {
    // What takes longest of all, and of the rest some: to measure the growth of each takes minutes.
    const texts = shapes.map((shape) => ({
      shape,
      took: processorTime(() => void redact(hostileText(shape, 20_000))),
    }));
    const slowest = texts.sort((a, b) => b.took - a.took).map(({ shape }) => shape);
    const measured = [...slowest.slice(0, 40), ...slowest.slice(40).filter((_, at) => at % 13 === 0)];
    const slow = measured.filter(
      (shape) => timeGrowth((size) => void redact(hostileText(shape, size)), 15_000) > MAX_LINEAR_GROWTH,
    );

    expect(measured.length).toBeGreaterThanOrEqual(200);
    expect(slow.map(({ name }) => name)).toEqual([]);
  }, 300_000);

  test('is measured by a check that detects faster growth', () => {
    const pattern = /<command-name>\s*([^<]*?)<\/command-name>/g;
    const slow = hostileShapes([pattern]).find(
      (shape) => timeGrowth((size) => void hostileText(shape, size).replace(pattern, ''), 5_000) > MAX_LINEAR_GROWTH,
    );

    expect(slow?.name).toContain('command-name');
  }, 180_000);
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(`${ROOT}docs/reliability.md`, 'utf8');
const [, section = ''] = /^## Guarantees\n([\s\S]*?)^## /m.exec(page) ?? [];

/** A guarantee is a bold sentence that begins with its number, then its limits, then its tests. */
const guarantees = section
  .split(/^(?=\*\*G\d+\. )/m)
  .slice(1)
  .map((text) => ({
    text,
    number: Number(/^\*\*G(\d+)\. [^*]+\.\*\*\n/.exec(text)?.[1]),
    tests: [...(/^- Tests?: [\s\S]*/m.exec(text)?.[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
  }));

test('the guarantees are numbered from 1, and each states its limits', () => {
  expect(guarantees.length).toBeGreaterThanOrEqual(10);
  expect(guarantees.map(({ number }) => number)).toEqual(guarantees.map((_, index) => index + 1));
  expect(guarantees.filter(({ text }) => !/^- Not (?:if|covered): /m.test(text)).map(({ number }) => number)).toEqual(
    [],
  );
});

test('each guarantee names existing tests', () => {
  expect(guarantees.filter(({ tests }) => tests.length === 0).map(({ number }) => number)).toEqual([]);
  const missing = guarantees.flatMap(({ tests }) =>
    tests.filter((file) => !/^test\/.+\.test\.ts$/.test(file) || !existsSync(ROOT + file)),
  );
  expect(missing).toEqual([]);
});

test('each fault test proves at least one guarantee', () => {
  // The test of row 0 is about the checks that the other tests use.
  const faults = readdirSync(`${ROOT}test/faults`).filter(
    (name) => name.endsWith('.test.ts') && !name.startsWith('00-'),
  );
  const named = new Set(guarantees.flatMap(({ tests }) => tests));
  expect(faults.length).toBeGreaterThan(20);
  expect(faults.filter((name) => !named.has(`test/faults/${name}`))).toEqual([]);
});

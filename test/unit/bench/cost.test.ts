import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { estimate } from '../../../bench/answers/cost.ts';

const MILLION = 1_000_000;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-cost-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, set: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(set));
  return path;
}

test('every text of the data sets is an episode, whatever the set asks', () => {
  const sets = [
    file('episodes.json', { episodes: [{ content: 'a' }, { content: 'b' }], questions: [{ text: 'none' }] }),
    file('pairs.json', { pairs: [{ old: 'a', new: 'b' }], keeps: [{ old: 'c', new: 'd' }] }),
    file('dated.json', { dated: [{ text: 'a' }], labels: [{ text: 'b' }] }),
    file('none.json', {}),
  ];

  expect(estimate(sets, 'gpt-4.1-mini').episodes).toBe(8);
});

test('a token is four characters, and the prompt counts once for each episode', () => {
  const [short, long] = [file('short.json', { episodes: [{ content: '' }] }), 'x'.repeat(4_000)];
  const one = estimate([short], 'gpt-4.1-mini');
  const longer = estimate([file('long.json', { episodes: [{ content: long }] })], 'gpt-4.1-mini');
  const two = estimate([short, short], 'gpt-4.1-mini');

  // Instructions, schema, previous episodes and a comparison.
  expect(one.promptTokens).toBeGreaterThan(3_500);
  expect(one.promptTokens).toBeLessThan(6_000);
  expect(longer.promptTokens - one.promptTokens).toBe(1_000);
  expect(two.promptTokens / one.promptTokens).toBeCloseTo(2, 3);
  expect(two.completionTokens).toBe(2 * one.completionTokens);
});

test("the cost follows the model's price per token; the cost of a model without a price is unknown", () => {
  const sets = [file('priced.json', { episodes: [{ content: 'a' }] })];
  const { promptTokens, completionTokens, dollars } = estimate(sets, 'mine', { mine: [2, 10] });

  expect(dollars).toBeCloseTo((2 * promptTokens + 10 * completionTokens) / MILLION, 10);
  expect(completionTokens).toBeGreaterThan(0);
  expect(estimate(sets, 'mine').dollars).toBeUndefined();
});

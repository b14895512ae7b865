import { expect, test } from 'vitest';
import {
  parseStoredExtraction,
  parseStoredResolution,
  parseStoredVectors,
  serializeExtraction,
  serializeVectors,
  shortHash,
} from '../../../src/ingest/memo.ts';
import type { Extraction } from '../../../src/models/language-model.ts';
import { randomNumbers } from '../../support/random.ts';

const fact = { source: 'Ann', target: 'Acme', relation: 'WORKS_AT', fact: 'Ann works at Acme' };
const extraction: Extraction = {
  entities: [
    { name: 'Ann', type: 'Person', attributes: { age: 30, languages: ['de', 'fr'], active: true } },
    { name: 'Acme', type: 'Entity' },
  ],
  facts: [{ ...fact, validAt: new Date('2025-01-02T03:04:05.678Z'), invalidAt: null, attributes: { share: 0.1 } }],
  ended: [{ source: 'Ann', target: 'Acme', at: new Date('0999-01-01T00:00:00Z') }],
  use: [{ purpose: 'extract', model: 'gpt', promptTokens: 7, completionTokens: 3 }],
};

test('an extraction is restored unchanged', () => {
  expect(parseStoredExtraction(serializeExtraction('s', extraction), 's')).toEqual(extraction);
});

test('vectors are restored exactly, in few bytes', () => {
  const random = randomNumbers(1);
  const vectors = Array.from({ length: 5 }, () => Array.from({ length: 1024 }, () => Math.fround(random() - 0.5)));
  const use = [{ purpose: 'embed' as const, model: 'e', promptTokens: 1, completionTokens: 0 }];

  const bytes = serializeVectors('s', { vectors, use });

  expect(parseStoredVectors(bytes, 's', 5, 1024)).toEqual({ vectors, use });
  expect(bytes.length).toBeLessThan(5 * 1024 * 4 + 200);
});

test('an entry with another stamp, a truncated entry and other data are ignored', () => {
  const bytes = serializeVectors('s', { vectors: [[0.5, 0.25]], use: [] });

  expect(parseStoredVectors(bytes, 'other', 1, 2)).toBeUndefined();
  expect(parseStoredVectors(bytes.subarray(0, -1), 's', 1, 2)).toBeUndefined();
  expect(parseStoredVectors(bytes, 's', 2, 2)).toBeUndefined();
  for (const rubbish of ['', '\n', '{}', 'null\nabcdefgh'])
    expect(parseStoredVectors(Buffer.from(rubbish), 's', 1, 2)).toBeUndefined();
  for (const rubbish of ['', 'null', '[]', '{"stamp":"s"}', '{"stamp":"s","extraction":{"entities":[7]}}'])
    expect(parseStoredExtraction(rubbish, 's')).toBeUndefined();
  expect(parseStoredExtraction(serializeExtraction('s', extraction), 'other')).toBeUndefined();
});

test('a verdict must have as many answers as there were questions', () => {
  const verdict = { entities: [null, 1], facts: [{ repeats: 0, contradicts: [2] }] };

  expect(parseStoredResolution(JSON.stringify(verdict), { entities: 2, facts: 1 })).toEqual(verdict);
  expect(parseStoredResolution(JSON.stringify(verdict), { entities: 2, facts: 2 })).toBeUndefined();
  expect(parseStoredResolution('{', { entities: 0, facts: 0 })).toBeUndefined();
});

test('different inputs have different hashes', () => {
  expect(shortHash('a', ['b'])).toBe(shortHash('a', ['b']));
  expect(new Set([shortHash('a', 'b'), shortHash('ab'), shortHash('b', 'a'), shortHash('a', ['b'])]).size).toBe(4);
});

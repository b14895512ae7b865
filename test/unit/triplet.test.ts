import { expect, test } from 'vitest';
import { InvalidInputError } from '../../src/errors.ts';
import { readTriplet, type Triplet, tripletText } from '../../src/triplet.ts';

const FACT: Triplet = { source: 'Mira', relation: 'works at', target: 'Northwind' };

test('a fact is returned as it was given, with a relation and a sentence in normalised form', () => {
  const validAt = new Date('2025-01-10T00:00:00Z');

  expect(readTriplet(tripletText({ ...FACT, sourceType: 'Person', validAt }))).toEqual({
    source: 'Mira',
    sourceType: 'Person',
    relation: 'WORKS_AT',
    target: 'Northwind',
    fact: 'Mira works at Northwind',
    validAt,
  });
});

test.each<[Partial<Triplet>, RegExp]>([
  [{ source: ' ' }, /The source is empty/],
  [{ target: 'mira' }, /connects two different entities/],
  [{ relation: '—' }, /needs letters, such as WORKS_AT/],
  [{ fact: '' }, /The fact is empty/],
  [{ sourceType: 'My Type' }, /"sourceType" cannot be used/],
  [{ fact: 'a\0b' }, /NUL/],
  [{ validAt: new Date('2025-02-01'), invalidAt: new Date('2025-01-01') }, /ends after it began/],
])('an invalid fact is rejected: %j', (change, sentence) => {
  expect(() => tripletText({ ...FACT, ...change })).toThrow(InvalidInputError);
  expect(() => tripletText({ ...FACT, ...change })).toThrow(sentence);
});

test.each(['source', 'target', 'fact'])('a %s with an escaped NUL or a lone surrogate is rejected', (field) => {
  for (const written of ['\\u0000', '\\ud800']) {
    const text = tripletText({ ...FACT, fact: 'Mira works there' }).replace(`"${field}":"`, `"${field}":"${written}`);

    expect(() => readTriplet(text)).toThrow(new RegExp(`^The fact's ${field} has (?:a NUL|half a character)`));
  }
});

test.each(['', 'x', '[]', '{}', '{"source":"a","relation":"b","target":"c","fact":"d"}'])(
  'garbage %s is rejected',
  (text) => {
    expect(() => readTriplet(text)).toThrow(InvalidInputError);
  },
);

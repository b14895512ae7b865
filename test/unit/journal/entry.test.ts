import { expect, test } from 'vitest';
import { type NewEntry, packEntry, unpackEntry } from '../../../src/journal/entry.ts';
import { random } from '../../support/random.ts';

const float = (value: number) => Math.fround(value);

test('an entry is restored unchanged, with exact vectors', () => {
  const chance = random(9);
  const vector = (length: number) => Array.from({ length }, () => float((chance() - 0.5) * 10 ** (chance() * 20 - 10)));
  const entry: NewEntry = {
    query: 'UNWIND $rows AS x CREATE (n) SET n.name = x.name',
    params: {
      rows: [
        { name: 'Zürich 🏔 \u202eنص "quoted" \\ \n', embedding: vector(1024), empty: null, flags: [true, false] },
        { name: '', embedding: [float(1e-45), float(3.4e38), -float(0.1), 0], list: ['a', 1, 0.1, -2.5] },
      ],
      written: [{ embedding: vector(3) }],
      fence: 1795367945123,
    },
    base: { file: 'graphiti_export_x.json', sha256: 'ab' },
  };

  const packed = packEntry(entry);

  expect(unpackEntry(packed)).toEqual(entry);
  expect(packed.vectors).toHaveLength(4 * (1024 + 4 + 3));
  expect(packed.text.length).toBeLessThan(600);
});

test('a list that does not fit 32-bit floats is stored unchanged, like every other list', () => {
  const entry = {
    query: 'RETURN 1',
    params: { rows: [{ embedding: [0.1, 2] }, { embedding: [] }], numbers: [0.5, 1] },
  };

  const packed = packEntry(entry);

  expect(packed.vectors).toHaveLength(0);
  expect(unpackEntry(packed)).toEqual(entry);
});

test('an entry without vectors and an entry of another version are recognised', () => {
  const entry = { query: 'RETURN $x', params: { x: '$vector' } };

  expect(unpackEntry(packEntry(entry))).toEqual(entry);
  expect(() => unpackEntry({ text: '{"version":2,"query":"","params":{}}', vectors: Buffer.of() })).toThrow();
  const cut = packEntry({ query: '', params: { embedding: [1, 2, 3] } });
  expect(() => unpackEntry({ ...cut, vectors: cut.vectors.subarray(0, 8) })).toThrow();
});

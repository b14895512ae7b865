import { expect, test } from 'vitest';
import { splitIntoParts } from '../../../src/archive/stores/b2/upload.ts';

async function cut(pieces: readonly string[], size: number): Promise<[string, boolean][]> {
  const parts: [string, boolean][] = [];
  async function* content() {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  // Copied immediately, since a part is valid only until the next one.
  for await (const { data, last } of splitIntoParts(content(), size)) parts.push([data.toString(), last]);
  return parts;
}

test.for([
  { pieces: [], parts: [['', true]] },
  { pieces: ['', ''], parts: [['', true]] },
  { pieces: ['ab'], parts: [['ab', true]] },
  { pieces: ['abc'], parts: [['abc', true]] },
  { pieces: ['abc', ''], parts: [['abc', true]] },
  {
    pieces: ['ab', 'cd'],
    parts: [
      ['abc', false],
      ['d', true],
    ],
  },
  {
    pieces: ['abcdefgh'],
    parts: [
      ['abc', false],
      ['def', false],
      ['gh', true],
    ],
  },
  {
    pieces: ['a', 'b', 'c', 'd', 'e', 'f'],
    parts: [
      ['abc', false],
      ['def', true],
    ],
  },
])('$pieces are regrouped into parts of three', async ({ pieces, parts }) => {
  expect(await cut(pieces, 3)).toEqual(parts);
});

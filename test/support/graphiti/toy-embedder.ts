import { createHash } from 'node:crypto';
import type { Embedder } from '../../../src/models/embedder.ts';

const DIMENSION = 64;

/** The embedder of the golden graph, as its README describes it: hashed trigrams of the lower-cased text. */
export function toyEmbedder(): Embedder {
  return {
    model: 'toy-trigrams',
    dimension: DIMENSION,
    embed: async (texts) => texts.map(toyVector),
    async close() {},
  };
}

export function toyVector(text: string): number[] {
  const sums = new Array<number>(DIMENSION).fill(0);
  const letters = [...text.toLowerCase()];
  for (let start = 0; start + 3 <= letters.length; start += 1) {
    const digest = createHash('md5').update(letters.slice(start, start + 3).join(''));
    const hash = BigInt(`0x${digest.digest('hex')}`);
    const place = Number(hash % BigInt(DIMENSION));
    sums[place] = (sums[place] ?? 0) + ((hash >> 8n) & 1n ? 1 : -1);
  }
  const length = Math.hypot(...sums) || 1;
  return sums.map((sum) => sum / length);
}

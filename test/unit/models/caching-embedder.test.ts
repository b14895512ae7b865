import { describe, expect, test } from 'vitest';
import { cachingEmbedder } from '../../../src/models/caching-embedder.ts';
import { plainEmbedder } from '../../support/models.ts';

describe('a caching embedder', () => {
  test('gives the same vectors in the same order as the wrapped embedder', async () => {
    const texts = ['Harbor', 'Redis', 'Harbor', ''];

    expect(await cachingEmbedder(plainEmbedder()).embed(texts)).toEqual(await plainEmbedder().embed(texts));
  });

  test('requests each text once, even for concurrent callers', async () => {
    const embedder = plainEmbedder();
    const remembering = cachingEmbedder(embedder);

    await Promise.all([remembering.embed(['a', 'b', 'a']), remembering.embed(['b', 'c'])]);
    await remembering.embed(['a', 'b', 'c']);

    expect(embedder.texts).toEqual(['a', 'b', 'c']);
  });

  test('evicts the oldest entries, but never in the middle of an answer', async () => {
    const embedder = plainEmbedder();
    const remembering = cachingEmbedder(embedder, 2);

    const vectors = await remembering.embed(['a', 'b', 'c', 'd']);
    await remembering.embed(['d', 'c', 'a']);

    expect(vectors).toEqual(await plainEmbedder().embed(['a', 'b', 'c', 'd']));
    expect(embedder.texts).toEqual(['a', 'b', 'c', 'd', 'a']);
  });

  test('does not cache a failure', async () => {
    const embedder = plainEmbedder();
    let broken = true;
    const remembering = cachingEmbedder({
      ...embedder,
      embed: async (texts) => {
        if (broken) throw new Error('away');
        return embedder.embed(texts);
      },
    });

    await expect(remembering.embed(['a'])).rejects.toThrow('away');
    broken = false;

    expect(await remembering.embed(['a'])).toHaveLength(1);
  });
});

import { describe, expect, test } from 'vitest';
import { cachingEmbedder } from '../../../src/models/caching-embedder.ts';
import { plainEmbedder } from '../../support/models.ts';

describe('an embedder that remembers', () => {
  test('gives the same vectors in the same order as the one behind it', async () => {
    const texts = ['Harbor', 'Redis', 'Harbor', ''];

    expect(await cachingEmbedder(plainEmbedder()).embed(texts)).toEqual(await plainEmbedder().embed(texts));
  });

  test('asks for each text once, also for callers at the same time', async () => {
    const embedder = plainEmbedder();
    const remembering = cachingEmbedder(embedder);

    await Promise.all([remembering.embed(['a', 'b', 'a']), remembering.embed(['b', 'c'])]);
    await remembering.embed(['a', 'b', 'c']);

    expect(embedder.texts).toEqual(['a', 'b', 'c']);
  });

  test('forgets the oldest, and never in the middle of an answer', async () => {
    const embedder = plainEmbedder();
    const remembering = cachingEmbedder(embedder, 2);

    const vectors = await remembering.embed(['a', 'b', 'c', 'd']);
    await remembering.embed(['d', 'c', 'a']);

    expect(vectors).toEqual(await plainEmbedder().embed(['a', 'b', 'c', 'd']));
    expect(embedder.texts).toEqual(['a', 'b', 'c', 'd', 'a']);
  });

  test('does not remember a failure', async () => {
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

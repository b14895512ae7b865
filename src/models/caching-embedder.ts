import type { Embedder } from './embedder.ts';
import type { TokenUse } from './language-model.ts';

/**
 * Embeds each distinct text once, also for callers at the same time, as long as it is among the `size` latest: names such
 * as that of the project occur in nearly every episode. The cost of a call is reported to the caller that caused it.
 */
export function cachingEmbedder(embedder: Embedder, size = 2000): Embedder {
  const cache = new Map<string, Promise<number[]>>();

  function embedTogether(texts: readonly string[], onUse?: (use: TokenUse) => void): void {
    const vectors = embedder.embed(texts, onUse);
    texts.forEach((text, index) => {
      const vector = vectors.then((all) => all[index] ?? []);
      vector.catch(() => cache.delete(text));
      cache.set(text, vector);
    });
  }

  function evictOldest(): void {
    for (const oldest of cache.keys()) {
      if (cache.size <= size) return;
      cache.delete(oldest);
    }
  }

  return {
    model: embedder.model,
    dimension: embedder.dimension,
    async embed(texts, onUse) {
      const missing = [...new Set(texts)].filter((text) => !cache.has(text));
      if (missing.length > 0) embedTogether(missing, onUse);
      const vectors = texts.map((text) => cache.get(text) ?? Promise.resolve([]));
      evictOldest();
      return Promise.all(vectors);
    },
    close: () => embedder.close(),
  };
}

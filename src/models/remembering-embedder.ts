import type { Embedder } from './embedder.ts';
import type { TokenUse } from './language-model.ts';

/**
 * Embeds each distinct text once, also for callers at the same time, as long as it is among the `size` latest: names such
 * as that of the project stand in nearly every episode. What a call cost is told to whoever was the first to need it.
 */
export function rememberingEmbedder(embedder: Embedder, size = 2000): Embedder {
  const known = new Map<string, Promise<number[]>>();

  function embedTogether(texts: readonly string[], note?: (use: TokenUse) => void): void {
    const vectors = embedder.embed(texts, note);
    texts.forEach((text, index) => {
      const vector = vectors.then((all) => all[index] ?? []);
      vector.catch(() => known.delete(text));
      known.set(text, vector);
    });
  }

  function forgetOldest(): void {
    for (const oldest of known.keys()) {
      if (known.size <= size) return;
      known.delete(oldest);
    }
  }

  return {
    model: embedder.model,
    dimension: embedder.dimension,
    async embed(texts, note) {
      const missing = [...new Set(texts)].filter((text) => !known.has(text));
      if (missing.length > 0) embedTogether(missing, note);
      const vectors = texts.map((text) => known.get(text) ?? Promise.resolve([]));
      forgetOldest();
      return Promise.all(vectors);
    },
    close: () => embedder.close(),
  };
}

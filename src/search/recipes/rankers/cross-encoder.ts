import type { Ranked } from './rrf.ts';

/** Gives for each passage how well it answers the query, from 0 to 1. */
export type ScorePassages = (query: string, passages: readonly string[]) => Promise<readonly number[]>;

/**
 * Lets a model read query and passages together: one call for all of them, equal passages being read once. Equal scores keep
 * their order.
 * @param passages texts by id, best first so far; no call is made for none
 * @throws what the judge throws
 */
export async function byModelScore(
  judge: ScorePassages,
  query: string,
  passages: ReadonlyMap<string, string>,
): Promise<Ranked[]> {
  const texts = [...new Set(passages.values())];
  if (texts.length === 0) return [];
  const scores = await judge(query, texts);
  const byText = new Map(texts.map((text, index) => [text, scores[index] ?? 0]));
  return [...passages].map(([id, text]) => ({ id, score: byText.get(text) ?? 0 })).sort((a, b) => b.score - a.score);
}

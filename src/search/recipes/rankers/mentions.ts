import type { Ranked } from './rrf.ts';

/**
 * Items that more episodes mention come first; the score is the number of episodes. Equal numbers keep their order. graphiti_core sorts
 * entities the other way round, those that one episode mentions before those that all do.
 * @param fused items in the order of another ranker
 */
export function byMentions(fused: readonly Ranked[], mentions: ReadonlyMap<string, number>): Ranked[] {
  return fused.map(({ id }) => ({ id, score: mentions.get(id) ?? 0 })).sort((a, b) => b.score - a.score);
}

import type { Ranked } from './rrf.ts';

/**
 * What more episodes speak of comes first; the score is their number. Equal numbers keep their order. graphiti_core sorts
 * entities the other way round, those that one episode mentions before those that all do.
 * @param fused what another ranker has put in order
 */
export function byMentions(fused: readonly Ranked[], mentions: ReadonlyMap<string, number>): Ranked[] {
  return fused.map(({ id }) => ({ id, score: mentions.get(id) ?? 0 })).sort((a, b) => b.score - a.score);
}

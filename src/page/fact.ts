import type { TimelineFact } from '../memory/results.ts';
import type { RulesInForce } from './rules.ts';
import { LIMITS } from './schemas.ts';
import { sourceOf } from './source.ts';

/** A fact with its first sources, for any list. */
export const factOf = (
  { sources, endSources, episodes, replacedBy: _, ...fact }: TimelineFact,
  rules: RulesInForce,
) => ({
  ...fact,
  sources: sources.slice(0, LIMITS.sourcesOfFact).map(sourceOf),
  sourceCount: episodes.length,
  endSources: endSources.slice(0, LIMITS.sourcesOfFact).map(sourceOf),
  ruleOf: rules.episodeOf(fact.fact, episodes),
});

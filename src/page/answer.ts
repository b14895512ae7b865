import type { MemoryManager } from '../memory.ts';
import type { PageContext } from './handlers.ts';
import { readRules } from './rules.ts';
import { type CallInput, LIMITS } from './schemas.ts';
import { sourceOf } from './source.ts';

/** The best facts and passages as data, and the same answer as the text that an agent reads. */
export async function readAnswer(
  { memory }: PageContext,
  { group, query, asOf, knownAt, limit, budget }: CallInput<'answer'>,
) {
  const options = {
    group,
    ...(asOf !== undefined && { asOf: new Date(asOf) }),
    ...(knownAt !== undefined && { knownAt: new Date(knownAt) }),
  };
  const [{ facts, passages = [] }, block, rules] = await Promise.all([
    memory.search(query, limit, options),
    memory.queryMemory(query, undefined, { ...options, budgetTokens: budget }),
    readRules(memory, group),
  ]);
  return {
    facts: facts.map(({ sources = [], episodes, scoreParts = {}, ...fact }) => ({
      ...fact,
      scoreParts,
      sources: sources.slice(0, LIMITS.sources).map(sourceOf),
      ruleOf: rules.episodeOf(fact.fact, episodes),
    })),
    passages: passages.map(({ until = null, excerpt, episode, ...passage }) => ({
      ...passage,
      episode: sourceOf(episode),
      ruleOf: rules.episodeOf(excerpt, [episode.uuid]),
      excerpt: excerpt.slice(0, LIMITS.content),
      until,
    })),
    block,
    firstStoredAt:
      knownAt !== undefined && facts.length + passages.length === 0 ? await storedLater(memory, group, knownAt) : null,
  };
}

/** When the first text was stored, if that was after `than`. Also null if the memory has more texts than this function reads. */
async function storedLater(memory: MemoryManager, group: string | undefined, than: string): Promise<string | null> {
  const episodes = await memory.episodes.list({ group, limit: LIMITS.episodes });
  if (episodes.length === LIMITS.episodes) return null;
  const first = Math.min(...episodes.map(({ createdAt }) => createdAt.getTime()));
  return first > Date.parse(than) && Number.isFinite(first) ? new Date(first).toISOString() : null;
}

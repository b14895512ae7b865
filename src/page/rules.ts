import type { MemoryManager } from '../memory.ts';
import { oneLine } from '../text.ts';

/** The rules in the current briefing, by the episodes that state them. */
export interface RulesInForce {
  /** The rules that an episode states. */
  of(episode: string): string[];
  /** The first of some episodes that states a sentence as a rule; null for none. */
  episodeOf(sentence: string, episodes: readonly string[]): string | null;
}

/** Read from the cached briefing. */
export async function readRules(memory: MemoryManager, group: string | undefined): Promise<RulesInForce> {
  const { rules } = await memory.getBriefing({ group });
  const byEpisode = Map.groupBy(rules, ({ episode }) => episode);
  const textsOf = (episode: string) => (byEpisode.get(episode) ?? []).map(({ text }) => text);
  return {
    of: textsOf,
    episodeOf(sentence, episodes) {
      const shown = bare(sentence);
      return episodes.find((episode) => textsOf(episode).some((rule) => isSame(bare(rule), shown))) ?? null;
    },
  };
}

/** A shown text may contain more sentences than the rule, and a fact may be a part of the rule. */
const isSame = (rule: string, shown: string): boolean => shown.includes(rule) || (shown !== '' && rule.includes(shown));

const bare = (text: string): string =>
  oneLine(text)
    .toLowerCase()
    .replace(/^(?:user|assistant): /, '')
    .replace(/[.!]+$/, '');

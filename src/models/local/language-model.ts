import { oneLine, truncated } from '../../text.ts';
import type { EpisodeText, Extraction, LanguageModel, Scores, Summary, SummarySubject } from '../language-model.ts';
import { modelThread } from '../model-thread.ts';

const ID = 'local-rules-3';

const MAX_SUMMARY = 1000;
const MAX_TITLE = 60;

/** Reads English by rules (`extract`) in a worker thread, so that a large episode does not block the process. */
export function localLanguageModel(): LanguageModel {
  const thread = modelThread<EpisodeText, Extraction>('extract', import.meta.url, ID);
  return {
    ...localDefaults,
    id: ID,
    // Only what the rules read: the attributes of a type contain functions, which cannot be sent to a thread.
    extract: ({ content, source, referenceTime }) => thread.ask({ content, source, referenceTime }),
    close: thread.close,
  };
}

/**
 * The other methods, without a model: undecided entities stay separate, facts do not contradict each other, a summary joins the newest
 * texts that fit, and a passage's score is its share of the query's words.
 */
export const localDefaults: Pick<LanguageModel, 'readsPrevious' | 'resolves' | 'resolve' | 'summarize' | 'score'> = {
  readsPrevious: false,
  resolves: false,
  resolve: async ({ entities, facts }) => ({
    entities: entities.map(() => null),
    facts: facts.map(() => ({ repeats: null, contradicts: [] })),
  }),
  summarize: async (subjects) => ({ summaries: subjects.map(summary) }),
  score: async (query, passages): Promise<Scores> => {
    const queryWords = wordsOf(query);
    const share = (passage: string) => {
      const passageWords = wordsOf(passage);
      return [...queryWords].filter((word) => passageWords.has(word)).length / Math.max(queryWords.size, 1);
    };
    return { scores: passages.map(share) };
  },
};

/** The latest texts of an entity or saga that fit. Of a community the first ones, which belong to its best-known members. */
function summary({ kind, name, texts }: SummarySubject): Summary {
  const once = [...new Set(texts.map(oneLine))];
  const kept = kind === 'community' ? fittingTexts(once) : fittingTexts(once.reverse()).reverse();
  return { title: name || truncated(namesOf(kept), MAX_TITLE), text: kept.join('\n') };
}

function fittingTexts(texts: readonly string[]): string[] {
  let left = MAX_SUMMARY;
  const fits = (text: string, place: number) => {
    left -= text.length + 1;
    return left >= -1 || place === 0;
  };
  const end = texts.findIndex((text, place) => !fits(text, place));
  return texts.slice(0, end < 0 ? undefined : end).map((text) => truncated(text, MAX_SUMMARY));
}

/** A member is written as `name: summary`. */
function namesOf(members: readonly string[]): string {
  return members.map((member) => member.split(/:(?: |$)/)[0]).join(', ');
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);
}

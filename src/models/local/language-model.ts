import { oneLine, shortened } from '../../text.ts';
import type { EpisodeText, Extraction, LanguageModel, Scores, Subject, Summary } from '../language-model.ts';
import { modelThread } from '../model-thread.ts';

const ID = 'local-rules-3';

const LONGEST_SUMMARY = 1000;
const LONGEST_TITLE = 60;

/** Reads English by rules (`extract`), in a worker thread so that a large episode does not hold up the process. */
export function localLanguageModel(): LanguageModel {
  const thread = modelThread<EpisodeText, Extraction>('extract', import.meta.url, ID);
  return {
    ...localJudgement,
    id: ID,
    // Only what the rules read: functions, as a type's attributes hold them, cannot go to a thread.
    extract: ({ content, source, referenceTime }) => thread.ask({ content, source, referenceTime }),
    close: thread.close,
  };
}

/**
 * What can be judged without a model: nothing is the same but what rules already joined, nothing contradicts, a summary is the
 * newest that fits, and a passage answers as much as it holds of the query's words.
 */
export const localJudgement: Pick<LanguageModel, 'readsPrevious' | 'resolves' | 'resolve' | 'summarize' | 'score'> = {
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

/** Of an entity or a saga the latest texts that fit; of a community the first, which are those of its best known members. */
function summary({ kind, name, texts }: Subject): Summary {
  const once = [...new Set(texts.map(oneLine))];
  const kept = kind === 'community' ? thatFit(once) : thatFit(once.reverse()).reverse();
  return { title: name || shortened(namesOf(kept), LONGEST_TITLE), text: kept.join('\n') };
}

function thatFit(texts: readonly string[]): string[] {
  let left = LONGEST_SUMMARY;
  const fits = (text: string, place: number) => {
    left -= text.length + 1;
    return left >= -1 || place === 0;
  };
  const end = texts.findIndex((text, place) => !fits(text, place));
  return texts.slice(0, end < 0 ? undefined : end).map((text) => shortened(text, LONGEST_SUMMARY));
}

/** Members are written as `name: summary`. */
function namesOf(members: readonly string[]): string {
  return members.map((member) => member.split(/:(?: |$)/)[0]).join(', ');
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);
}

import { oneLine, shortened } from '../../text.ts';
import type { LanguageModel, Scores, Subject, Summary } from '../language-model.ts';

const LONGEST_SUMMARY = 1000;
const LONGEST_TITLE = 60;

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
    const wanted = wordsOf(query);
    const share = (passage: string) => {
      const held = wordsOf(passage);
      return [...wanted].filter((word) => held.has(word)).length / Math.max(wanted.size, 1);
    };
    return { scores: passages.map(share) };
  },
};

function summary({ name, texts }: Subject): Summary {
  const kept: string[] = [];
  let length = 0;
  for (const text of [...new Set(texts.map(oneLine))].reverse()) {
    length += text.length + 1;
    if (length > LONGEST_SUMMARY && kept.length > 0) break;
    kept.unshift(shortened(text, LONGEST_SUMMARY));
  }
  const [first = ''] = kept;
  return { title: name || shortened(first, LONGEST_TITLE), text: kept.join('\n') };
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);
}

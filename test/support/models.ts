import type { Embedder } from '../../src/models/embedder.ts';
import type { EpisodeText, Extraction, LanguageModel, SummarySubject } from '../../src/models/language-model.ts';
import { localDefaults } from '../../src/models/local/language-model.ts';

/**
 * A simple model for tests that are not about extraction: `A relation B.` is a fact, `A not relation B.` ends it.
 * @param before runs before each extraction, for example to wait or to fail
 */
export function plainModel(before?: (content: string) => Promise<void>): LanguageModel & { calls: number } {
  const model = {
    ...localDefaults,
    id: 'plain-1',
    calls: 0,
    async extract({ content, referenceTime }: EpisodeText): Promise<Extraction> {
      model.calls += 1;
      await before?.(content);
      const sentences = content.split('.').map((sentence) => sentence.trim().split(' '));
      const stated = sentences.filter((words) => words.length === 3);
      const denied = sentences.filter((words) => words.length === 4 && words[1] === 'not');
      const names = new Set([...stated, ...denied].flatMap((words) => [words[0] ?? '', words.at(-1) ?? '']));
      return {
        entities: [...names].map((name) => ({ name, type: /^[A-Z]/.test(name) ? 'Product' : 'Entity' })),
        facts: stated.map(([source = '', verb = '', target = '']) => ({
          source,
          target,
          relation: verb.toUpperCase(),
          fact: `${source} ${verb} ${target}`,
          validAt: null,
          invalidAt: null,
        })),
        ended: denied.map((words) => ({ source: words[0] ?? '', target: words.at(-1) ?? '', at: referenceTime })),
      };
    },
    async close() {},
  };
  return model;
}

const DIMENSION = 32;

/** Texts that share words are near each other. Records the embedded texts. */
export function plainEmbedder(): Embedder & { texts: string[] } {
  const texts: string[] = [];
  return {
    model: 'plain-words',
    dimension: DIMENSION,
    texts,
    async embed(inputs) {
      texts.push(...inputs);
      return inputs.map(vector);
    },
    async close() {},
  };
}

function vector(text: string): number[] {
  const counts = new Array<number>(DIMENSION).fill(0);
  for (const word of text.toLowerCase().split(/\W+/)) {
    let sum = 0;
    for (const letter of word) sum = (sum * 31 + letter.charCodeAt(0)) % 7919;
    const place = sum % DIMENSION;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const length = Math.hypot(...counts) || 1;
  return counts.map((count) => count / length);
}

/** Records the requests for summaries; `title` and `text` contain the number of texts. */
export function summarizingModel(): LanguageModel & { asked: SummarySubject[][] } {
  const asked: SummarySubject[][] = [];
  return {
    ...plainModel(),
    id: 'telling-1',
    asked,
    async summarize(subjects) {
      asked.push([...subjects]);
      const summaries = subjects.map(({ kind, name, previousSummary, texts }) => ({
        title: name || `About ${texts[0]?.split(':')[0]}`,
        text: `${previousSummary}${previousSummary && ' '}${kind} of ${texts.length}.`,
      }));
      return { summaries };
    },
  };
}

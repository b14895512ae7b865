import { readFileSync } from 'node:fs';
import { extractionInstructions } from '../../src/models/chat/extraction-prompt.ts';
import { extractionSchema } from '../../src/models/chat/extraction-schema.ts';
import type { Price } from '../../src/models/declarations.ts';
import { costOf } from '../../src/models/prices.ts';
import { NO_ONTOLOGY } from '../../src/ontology.ts';

/** The estimated cost of the question sets with a language model, made before anything is sent. */
export interface Estimate {
  readonly episodes: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Dollars; undefined for a model whose price is not known. */
  readonly dollars: number | undefined;
}

const CHARACTERS_PER_TOKEN = 4;
/** High estimates of the tokens of previous episodes in a call, of a call that compares names and facts, and of replies. */
const [PREVIOUS, COMPARE, REPLIES] = [1_500, 1_500, 900];

interface Set {
  readonly episodes?: readonly { readonly content: string }[];
  readonly pairs?: readonly { readonly old: string; readonly new: string }[];
  readonly keeps?: readonly { readonly old: string; readonly new: string }[];
  readonly dated?: readonly { readonly text: string }[];
  readonly labels?: readonly { readonly text: string }[];
}

export function estimate(
  files: readonly string[],
  model: string,
  prices: Readonly<Record<string, Price>> = {},
): Estimate {
  const texts = files.flatMap((file) => {
    const {
      episodes = [],
      pairs = [],
      keeps = [],
      dated = [],
      labels = [],
    }: Set = JSON.parse(readFileSync(file, 'utf8'));
    const both = [...pairs, ...keeps].flatMap((pair) => [pair.old, pair.new]);
    return [...episodes.map(({ content }) => content), ...both, ...[...dated, ...labels].map(({ text }) => text)];
  });
  const fixed = extractionInstructions(NO_ONTOLOGY).length + JSON.stringify(extractionSchema(NO_ONTOLOGY)).length;
  const characters = texts.reduce((sum, text) => sum + text.length + fixed, 0);
  const promptTokens = Math.ceil(characters / CHARACTERS_PER_TOKEN) + texts.length * (PREVIOUS + COMPARE);
  const completionTokens = texts.length * REPLIES;
  const dollars = costOf(model, promptTokens, completionTokens, prices);
  return { episodes: texts.length, promptTokens, completionTokens, dollars };
}

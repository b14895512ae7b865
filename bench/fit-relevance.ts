/**
 * Fits the likelihood of `src/search/answer/ranking/relevance.ts` that a memory can answer a question, and the limits below which fewer answers are
 * shown, and prints them beside the current values; it changes nothing.
 *
 *     node bench/fit-relevance.ts <set.json> <set.json> …     two at least: question sets, conversations of LoCoMo (`asked-memories.ts`)
 *
 * Positive: the questions of a set, asked of its own memory. Negative: the same questions asked of the other memories, and of their own without
 * the episodes that answer. Questions that a set marks as unanswerable are left out. Each memory is evaluated with weights that were fitted without
 * it. A limit is the highest value that at most its share of the memory's own questions falls below; each memory has the same weight.
 */
import { rank } from '../src/search/answer/ranking/rank.ts';
import {
  countRelevant,
  likelihoodOf,
  RELEVANCE_WEIGHTS,
  RESULT_SHARE_BY_LIKELIHOOD,
  type RelevanceFeatures,
  relevanceFeatures,
} from '../src/search/answer/ranking/relevance.ts';
import { type AnsweredMemories, askMemories } from './asked-memories.ts';

type Kind = 'own' | 'of another memory' | 'without its answer';
interface Example {
  readonly memory: string;
  readonly kind: Kind;
  readonly evidence: RelevanceFeatures;
}
type Weights = { readonly [Name in keyof typeof RELEVANCE_WEIGHTS]: number };

const NAMES = ['meaning', 'score', 'unknown'] as const;
/** Keeps weights small where the examples leave them open. */
const PENALTY = 0.001;
const STEPS = 20_000;
const RATE = 1;
/** Maximum share of a memory's own questions below each limit. They get no answer, a fifth or two fifths of the answers. */
const BELOW = [0.015, 0.05, 0.12];
/** The default number of answers. */
const LIMIT = 5;

const files = process.argv.slice(2);
if (files.length < 2) throw new Error('Name two sets at least: node bench/fit-relevance.ts <set.json> <set.json> …');
const examples = (await askMemories(files, true)).filter(({ kind }) => kind !== 'unanswerable').flatMap(examplesOf);
const memories = [...new Set(examples.map(({ memory }) => memory))];
/** Each memory's likelihoods, with weights fitted without that memory (cross-validation). */
const judged = memories.map((memory) => {
  const weights = fitted(examples.filter((example) => example.memory !== memory));
  const ofKind = (kind: Kind) =>
    examples
      .filter((example) => example.memory === memory && example.kind === kind)
      .map(({ evidence }) => likelihoodOf(evidence, weights));
  return { memory, own: ofKind('own'), ofAnother: ofKind('of another memory'), without: ofKind('without its answer') };
});
const rows = judged.flatMap(({ memory, own, ofAnother, without }) => {
  const shown = (list: readonly number[]) => mean(list.map((likelihood) => countRelevant(likelihood, LIMIT)));
  const none = (list: readonly number[]) =>
    Math.round(100 * mean(list.map((likelihood) => (countRelevant(likelihood, LIMIT) === 0 ? 1 : 0))));
  const line = (kind: Kind, others: readonly number[]) =>
    `${memory}, own questions against those ${kind}: area under the curve ${areaUnderCurve(own, others).toFixed(3)}, shown of ${LIMIT} ${shown(own).toFixed(1)} against ${shown(others).toFixed(1)}, none for ${none(own)} against ${none(others)} %`;
  return [line('of another memory', ofAnother), line('without its answer', without)];
});
console.log(rows.join('\n'));
console.log(JSON.stringify({ inUse: RELEVANCE_WEIGHTS, fitted: fitted(examples) }, null, 2));
console.log(JSON.stringify({ inUse: RESULT_SHARE_BY_LIKELIHOOD.map(([limit]) => limit), fitted: BELOW.map(limitFor) }));

/** The highest limit, in hundredths, below which at most a share of the own questions lies. */
function limitFor(share: number): number {
  const below = (limit: number) =>
    mean(judged.map(({ own }) => own.filter((likelihood) => likelihood < limit).length / Math.max(1, own.length)));
  return Array.from({ length: 100 }, (_, place) => place / 100).findLast((limit) => below(limit) <= share) ?? 0;
}

function examplesOf(asked: AnsweredMemories): Example[] {
  const { memory, from, question, candidates, evidence } = asked;
  const example = (kind: Kind, of = candidates): Example => ({
    memory,
    kind,
    evidence: relevanceFeatures(rank(question, of)),
  });
  if (from !== memory) return [example('of another memory')];
  return evidence.length === 0 ? [] : [example('own'), example('without its answer', without(asked))];
}

/** The candidates without the episodes that answer, as if these had never been stored. */
function without({ candidates, evidence }: AnsweredMemories): AnsweredMemories['candidates'] {
  const { passages, facts, before, after } = candidates;
  const isLeft = ({ episode }: { readonly episode: string }) => !evidence.includes(episode);
  const left = (neighbours: typeof before) => new Map([...neighbours].filter(([, neighbour]) => isLeft(neighbour)));
  const documentFrequencies = new Map(candidates.documentFrequencies);
  for (const { terms } of passages.filter((passage) => !isLeft(passage)))
    for (const term of new Set(terms.split(' '))) {
      const count = documentFrequencies.get(term);
      if (count !== undefined) documentFrequencies.set(term, Math.max(0, count - 1));
    }
  return {
    ...candidates,
    ...{ passages: passages.filter(isLeft), before: left(before), after: left(after), documentFrequencies },
    facts: facts.filter(({ episodes }) => (episodes ?? []).every((episode) => isLeft({ episode }))),
  };
}

/** Logistic regression by gradient descent. Each memory has the same weight, and so have its positive and negative questions. */
function fitted(list: readonly Example[]): Weights {
  const label = ({ memory, kind }: Example) => `${memory} ${kind}`;
  const counts = Map.groupBy(list, label);
  const share = (example: Example) => (example.kind === 'own' ? 2 : 1) / (counts.get(label(example))?.length ?? 1);
  const total = list.reduce((sum, example) => sum + share(example), 0);
  let weights: Weights = { constant: 0, meaning: 0, score: 0, unknown: 0 };
  for (let step = 0; step < STEPS; step += 1) {
    const slope = { constant: 0, meaning: 0, score: 0, unknown: 0 };
    for (const example of list) {
      const error =
        (share(example) / total) * (likelihoodOf(example.evidence, weights) - (example.kind === 'own' ? 1 : 0));
      slope.constant += error;
      for (const name of NAMES) slope[name] += error * example.evidence[name];
    }
    const next = { ...weights, constant: weights.constant - RATE * slope.constant };
    for (const name of NAMES) next[name] = weights[name] - RATE * (slope[name] + PENALTY * weights[name]);
    weights = next;
  }
  return weights;
}

/** The probability that an own question gets a higher likelihood than a foreign one. */
function areaUnderCurve(own: readonly number[], others: readonly number[]): number {
  return mean(own.map((one) => mean(others.map((other) => (one > other ? 1 : one === other ? 0.5 : 0)))));
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);
}

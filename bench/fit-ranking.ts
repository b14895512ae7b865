/**
 * Fits the weights of `src/search/answer/ranking/rank.ts` on development questions and prints them beside the current weights; it changes nothing.
 *
 *     node bench/fit-ranking.ts <set.json> …     question sets, and conversations of LoCoMo (`asked-memories.ts`)
 *
 * Starting from the current weights, each weight in turn is increased and decreased. A change is kept if it finds more evidence in two thirds of the
 * questions, and no less in the last third and in each set. The current weights are those that this search cannot improve. The
 * second table shows the loss of evidence without each signal.
 */

import type { Signals } from '../src/search/answer/ranking/rank.ts';
import { rank, WEIGHTS, type Weights, weightedSum } from '../src/search/answer/ranking/rank.ts';
import { askMemories } from './asked-memories.ts';
import { markdownTable } from './table.ts';

/** The candidates of a question before ranking. */
interface Asked {
  readonly memory: string;
  readonly evidence: readonly string[];
  readonly passages: readonly { readonly episode: string; readonly signals: Signals }[];
}

const PLACES = [1, 3, 5, 10];
/** Factors by which a weight is changed, the larger steps first. */
const STEPS = [0.5, 0.25, 0.1];
/** A smaller gain counts as chance. */
const LEAST_GAIN = 0.0005;

const files = process.argv.slice(2);
if (files.length === 0) throw new Error('Name the sets to fit on: node bench/fit-ranking.ts <set.json> …');
const questions: Asked[] = (await askMemories(files, false))
  .filter(({ kind, evidence }) => kind !== 'unanswerable' && evidence.length > 0)
  .map(({ memory, question, candidates, evidence }) => ({
    memory,
    evidence,
    passages: rank(question, candidates).passages.map(({ passage, signals }) => ({
      episode: passage.episode,
      signals,
    })),
  }));
const isHeldOut = (place: number) => place % 3 === 2;
const [fitted, heldOut] = [
  questions.filter((_, place) => !isHeldOut(place)),
  questions.filter((_, place) => isHeldOut(place)),
];
const bySet = Map.groupBy(questions, ({ memory }) => memory);
const SIGNALS = Object.keys(WEIGHTS) as (keyof Signals)[];
const weights = ascent(WEIGHTS);
console.log(
  markdownTable(
    [
      { named: `${fitted.length} questions fitted on`, questions: fitted },
      { named: `${heldOut.length} questions held out`, questions: heldOut },
    ].map(({ named, questions }) => {
      const [now, then] = [evidenceFound(questions, WEIGHTS), evidenceFound(questions, weights)];
      return {
        figure: `${named}, mean recall at ${PLACES.join(', ')}`,
        measured: then.toFixed(4),
        goal: `≥ ${now.toFixed(4)}, as now`,
        reached: then >= now,
      };
    }),
  ),
);
console.log(markdownLines(['signal', 'in use', 'fitted', 'evidence found without it'], SIGNALS.map(lineOf)));
console.log(JSON.stringify(weights, null, 2));

function lineOf(name: keyof Signals): string[] {
  const without = evidenceFound(questions, { ...WEIGHTS, [name]: 0 }) - evidenceFound(questions, WEIGHTS);
  const change = `${without > 0 ? '+' : ''}${without.toFixed(4)}`;
  return [`\`${name}\``, String(WEIGHTS[name]), String(weights[name]), change];
}

function markdownLines(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Coordinate ascent: changes one weight at a time while that finds more evidence and is no loss for any set or third. */
function ascent(start: Weights): Weights {
  const found = (candidate: Weights) => {
    const ofParts = [fitted, heldOut].map((part) => evidenceFound(part, candidate));
    const ofSets = [...bySet.values()].map((ofSet) => evidenceFound(ofSet, candidate));
    return [...ofParts, ...ofSets];
  };
  let [best, now] = [start, found(start)];
  for (let before: Weights | undefined; before !== best; ) {
    before = best;
    for (const step of STEPS)
      for (const name of SIGNALS)
        for (const factor of [1 + step, 1 - step]) {
          const candidate = { ...best, [name]: Number((best[name] * factor).toPrecision(2)) };
          const then = found(candidate);
          const isGain = (then[0] ?? 0) > (now[0] ?? 0) + LEAST_GAIN;
          if (isGain && then.every((share, place) => share >= (now[place] ?? 0))) [best, now] = [candidate, then];
        }
  }
  return best;
}

/** The share of the evidence in the first passages, averaged over the cut-offs; each set has the same weight. */
function evidenceFound(questions: readonly Asked[], weights: Weights): number {
  const shares = questions.map(({ memory, evidence, passages }) => {
    const order = passages
      .map(({ episode, signals }) => ({ episode, score: weightedSum(signals, weights) }))
      .sort((a, b) => b.score - a.score);
    const recalls = PLACES.map((place) => {
      const shown = new Set(order.slice(0, place).map(({ episode }) => episode));
      return evidence.filter((episode) => shown.has(episode)).length / Math.min(evidence.length, place);
    });
    return { memory, share: mean(recalls) };
  });
  const sharesBySet = [...Map.groupBy(shares, ({ memory }) => memory).values()];
  return mean(sharesBySet.map((ofSet) => mean(ofSet.map(({ share }) => share))));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

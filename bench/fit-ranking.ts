/**
 * Fits the weights of `src/search/rank.ts` on questions for development and prints them beside those that are in use; it changes nothing.
 *
 *     node bench/fit-ranking.ts <set.json> …     sets of the yardstick, with episodes, questions and the ids of the evidence
 *
 * One weight after the other is made larger and smaller, and what finds more evidence in two thirds of the questions is kept. The last third
 * is only judged: where it does not gain too, the gain is of no use.
 */
import { rank, WEIGHTS, type Weights, weighted } from '../src/search/rank.ts';
import type { Signals } from '../src/search/signals.ts';
import { askMemories } from './asked-memories.ts';
import { markdownTable } from './table.ts';

/** What a question found, before it is put in order. */
interface Asked {
  readonly evidence: readonly string[];
  readonly passages: readonly { readonly episode: string; readonly signals: Signals }[];
}

const PLACES = [1, 3, 5, 10];
/** Factors by which a weight is changed, the larger steps first. */
const STEPS = [0.5, 0.25, 0.1];
/** Less is chance. */
const LEAST_GAIN = 0.0005;

const files = process.argv.slice(2);
if (files.length === 0) throw new Error('Name the sets to fit on: node bench/fit-ranking.ts <set.json> …');
const asked: Asked[] = (await askMemories(files, false))
  .filter(({ kind, evidence }) => kind !== 'unanswerable' && evidence.length > 0)
  .map(({ question, candidates, evidence }) => ({
    evidence,
    passages: rank(question, candidates).passages.map(({ passage, signals }) => ({
      episode: passage.episode,
      signals,
    })),
  }));
const isHeldOut = (place: number) => place % 3 === 2;
const [fitted, heldOut] = [asked.filter((_, place) => !isHeldOut(place)), asked.filter((_, place) => isHeldOut(place))];
const weights = ascent(WEIGHTS, (candidate) => evidenceFound(fitted, candidate));
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
console.log(JSON.stringify(weights, null, 2));

/** Changes one weight at a time as long as that finds more, in ever smaller steps. */
function ascent(start: Weights, goal: (weights: Weights) => number): Weights {
  let [best, found] = [start, goal(start)];
  for (const step of STEPS)
    for (const name of Object.keys(start) as (keyof Signals)[])
      for (const factor of [1 + step, 1 - step]) {
        const candidate = { ...best, [name]: Number((best[name] * factor).toPrecision(3)) };
        const value = goal(candidate);
        if (value > found + LEAST_GAIN) [best, found] = [candidate, value];
      }
  return best;
}

/** Which share of the evidence stands in the first passages, on average over the places. */
function evidenceFound(questions: readonly Asked[], weights: Weights): number {
  const shares = questions.map(({ evidence, passages }) => {
    const order = passages
      .map(({ episode, signals }) => ({ episode, score: weighted(signals, weights) }))
      .sort((a, b) => b.score - a.score);
    const recalls = PLACES.map((place) => {
      const shown = new Set(order.slice(0, place).map(({ episode }) => episode));
      return evidence.filter((episode) => shown.has(episode)).length / Math.min(evidence.length, place);
    });
    return recalls.reduce((sum, recall) => sum + recall, 0) / PLACES.length;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

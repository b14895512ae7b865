/**
 * Fits the weights of `src/search/rank.ts` on questions for development and prints them beside those that are in use; it changes nothing.
 *
 *     node bench/fit-ranking.ts <set.json> …     sets of the yardstick, with episodes, questions and the ids of the evidence
 *
 * One weight after the other is made larger and smaller, and what finds more evidence in two thirds of the questions is kept. The last third
 * is only judged: where it does not gain too, the gain is of no use.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, loadConfig } from '../src/config.ts';
import { startServers } from '../src/embedded/servers.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { MemoryManager } from '../src/index.ts';
import { chooseEmbedder } from '../src/models/choose.ts';
import { queryTerms } from '../src/passages/terms.ts';
import { findCandidates } from '../src/search/candidates.ts';
import { windowOf } from '../src/search/date-window.ts';
import { rank, WEIGHTS, type Weights, weighted } from '../src/search/rank.ts';
import { RECIPES, seek } from '../src/search/search.ts';
import type { Signals } from '../src/search/signals.ts';
import { MINUTE } from '../src/time.ts';
import { startWorkers } from '../workers/main.ts';
import { markdownTable } from './table.ts';

interface AnsweredSet {
  readonly name: string;
  readonly asked_at: string;
  readonly episodes: readonly {
    readonly id: string;
    readonly content: string;
    readonly reference_time: string;
    readonly source?: 'text' | 'message' | 'json';
    readonly saga?: string;
  }[];
  readonly questions: readonly {
    readonly question: string;
    readonly kind: string;
    readonly evidence: readonly string[];
    readonly as_of?: string;
  }[];
}

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
const asked = await collected(files);
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

/** Stores the sets as users do and asks their questions for candidates. */
async function collected(paths: readonly string[]): Promise<Asked[]> {
  const home = mkdtempSync(join(tmpdir(), 'memory-fit-'));
  const servers = await startServers({ dataFolder: join(home, 'servers') });
  const address = ({ host, port }: { host: string; port: number }) => ({ host, port, tls: false });
  const config: Config = {
    ...{ ...loadConfig({}), home, models: 'local', nightly: undefined, exportDir: join(home, 'exports') },
    ...{ falkordb: address(servers.falkordb), valkey: address(servers.valkey), logLevel: 'silent' },
    health: { host: '127.0.0.1', port: 0 },
  };
  const worker = await startWorkers(config, ['store']);
  try {
    const lists = [];
    for (const path of paths) lists.push(await askedOf(config, JSON.parse(readFileSync(path, 'utf8'))));
    return lists.flat();
  } finally {
    await worker.close();
    await servers.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function askedOf(config: Config, { name, asked_at, episodes, questions }: AnsweredSet): Promise<Asked[]> {
  const group = `fit-${name.replace(/[^\w-]/g, '-')}`;
  const memory = new MemoryManager(config);
  const graphs = openGraphs(config.falkordb);
  const embedder = await chooseEmbedder(config);
  try {
    const receipts = await memory.enqueueMany(
      episodes.map(({ content, source, saga, reference_time }) => ({
        ...{ content, group, referenceTime: new Date(reference_time) },
        ...(source && { source }),
        ...(saga && { saga }),
      })),
    );
    for (const receipt of receipts) await memory.ended(receipt, { limit: 30 * MINUTE });
    const ids = new Map(receipts.map(({ uuid }, place) => [uuid, episodes[place]?.id ?? '']));
    const graph = graphs.group(group);
    const asked: Asked[] = [];
    for (const { question, evidence = [], as_of } of questions.filter(({ kind }) => kind !== 'unanswerable')) {
      if (evidence.length === 0) continue;
      const [vector = []] = await embedder.embed([question]);
      const now = new Date(as_of ?? asked_at);
      const recipe = RECIPES.default;
      const sought = await seek(graph, question, vector, { limit: 10, recipe, asOf: now });
      const terms = queryTerms(question);
      const candidates = await findCandidates(sought, terms, recipe.facts?.methods ?? []);
      const { passages } = rank({ text: question, terms, window: windowOf(question, now) }, candidates);
      asked.push({
        evidence: [...new Set(evidence)],
        passages: passages.map(({ passage, signals }) => ({ episode: ids.get(passage.episode) ?? '', signals })),
      });
    }
    return asked;
  } finally {
    await embedder.close();
    graphs.close();
    await memory.close();
  }
}

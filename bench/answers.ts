import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../src/config.ts';
import { estimate } from './answers/cost.ts';
import { recallOfLocomo } from './locomo.ts';
import type { Row } from './table.ts';

/** Questions and conversations in a folder beside the project, of which they are no part. */
const SHARED = fileURLToPath(new URL('../../shared', import.meta.url));
const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const [YARDSTICK, LOCOMO] = [`${SHARED}/answers`, `${SHARED}/data/locomo`];

interface Answered {
  readonly kind: string;
  /** Whether the first 1, 3 and 5 bullets contain everything expected. */
  readonly hits: readonly [boolean, boolean, boolean];
  readonly clean: boolean;
  readonly stale: number;
  readonly characters: number;
  readonly irrelevant: number;
  readonly items: number;
  readonly base: { readonly hits: readonly [boolean, boolean, boolean] };
}

interface Scores {
  readonly answers?: readonly Answered[];
  readonly supersession?: readonly { readonly stale: boolean; readonly newBeforeOld: boolean }[];
  readonly keeps?: readonly { readonly kept: boolean }[];
  readonly dates?: readonly { readonly right: boolean }[];
  readonly entities?: readonly {
    readonly right: readonly string[];
    readonly wrong: readonly string[];
    readonly gold: number;
    readonly seen: number;
  }[];
}

/**
 * The quality of the built copy's answers, compared with the targets. Measurements that are impossible here are reported on stderr and left out.
 * @param mirror a folder of Git mirrors, from which the transcripts are read
 */
export async function measureAnswers(config: Config, mirror: string | undefined): Promise<Row[]> {
  const rows: Row[] = [];
  if (existsSync(`${YARDSTICK}/score.mjs`)) rows.push(...scored(mirror));
  else skipped('the yardstick', `there is no ${YARDSTICK}`);
  if (existsSync(LOCOMO)) rows.push(...(await conversations(config)));
  else skipped('LoCoMo', `there is no ${LOCOMO}`);
  return rows;
}

const SETS = ['quillfern', 'tidewater', 'supersession', 'keeps', 'dates', 'entities'];
const fileOf = (set: string): string => `${YARDSTICK}/dev/${set}.json`;

/**
 * The same with the language model and embedder that the environment names (`OPENAI_API_KEY`, `OPENAI_BASE_URL`, `MEMORY_LLM_MODEL`, …).
 * Nothing is sent if the estimate exceeds the cap.
 * @param cap dollars; without one only the estimate is printed
 */
export function measureModelAnswers(cap: number | undefined): Row[] {
  if (!existsSync(`${YARDSTICK}/score.mjs`)) {
    skipped('the yardstick', `there is no ${YARDSTICK}`);
    return [];
  }
  const { openai, prices } = loadConfig({ ...process.env, MEMORY_MODELS: 'openai' });
  const { episodes, promptTokens, completionTokens, dollars } = estimate(SETS.map(fileOf), openai.model, prices);
  const price =
    dollars === undefined ? 'at an unknown price (MEMORY_PRICES sets it)' : `about $${dollars.toFixed(2)} at most`;
  console.error(
    `${episodes} episodes with ${openai.model}: ${promptTokens} prompt tokens and ${completionTokens} of replies, ${price}, and vectors.`,
  );
  if (cap === undefined) {
    console.error('Nothing was sent. Run it again with --cap <dollars> to measure.');
    return [];
  }
  if (dollars === undefined || dollars > cap)
    throw new Error(
      `The estimate is not below the cap of $${cap}; nothing was sent. Raise --cap, or set MEMORY_PRICES.`,
    );
  process.env.BENCH_MODELS = 'openai';
  return scored(undefined);
}

function skipped(what: string, why: string): void {
  console.error(`SKIPPED: ${what}, since ${why}.`);
}

function scored(mirror: string | undefined): Row[] {
  const [quillfern, tidewater] = [of(score('quillfern').answers), of(score('tidewater').answers)];
  const transcripts = mirror === undefined ? undefined : of(score('transcripts', ['--mirror', mirror]).answers);
  if (mirror === undefined) skipped('transcripts', 'they are read from Git mirrors; say where with --mirror <folder>');
  const { supersession } = score('supersession');
  const { keeps } = score('keeps');
  const { dates } = score('dates');
  const { entities } = score('entities');
  return [
    ...quillfernRows(quillfern),
    ...tidewaterRows(tidewater),
    ...(transcripts === undefined ? [] : [transcriptsRow(transcripts)]),
    irrelevantRow([...quillfern, ...tidewater]),
    supersessionRow(of(supersession)),
    keepsRow(of(keeps)),
    datesRow(of(dates)),
    entitiesRow(of(entities)),
  ];
}

function score(set: string, options: readonly string[] = []): Scores {
  console.error(`  ${set} …`);
  const file = fileOf(set);
  const args = [`${YARDSTICK}/score.mjs`, '--product', PROJECT, '--set', file, '--as', 'json', ...options];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 }));
}

/** @throws Error if a set did not give its expected results */
function of<T>(results: readonly T[] | undefined): readonly T[] {
  if (results === undefined || results.length === 0) throw new Error('The yardstick gave no results for a set.');
  return results;
}

const isAnswerable = ({ kind }: Answered): boolean => kind !== 'unanswerable';
const countOf = <T>(list: readonly T[], fits: (result: T) => boolean): number => list.filter(fits).length;
const sumOf = <T>(list: readonly T[], value: (result: T) => number): number =>
  list.reduce((sum, result) => sum + value(result), 0);
const hitsAt = (list: readonly Answered[], place: 0 | 1 | 2): number => countOf(list, ({ hits }) => hits[place]);

function quillfernRows(results: readonly Answered[]): Row[] {
  const known = results.filter(isAnswerable);
  const [hits, clean] = [hitsAt(known, 2), countOf(known, (result) => result.clean)];
  const whole = known.filter(({ kind }) => kind === 'procedure' || kind === 'list');
  const characters = Math.round(sumOf(known, (result) => result.characters) / known.length);
  return [
    {
      figure: `Quillfern, hit@5 / clean, of ${known.length}`,
      measured: `${hits} / ${clean}`,
      goal: '≥ 33 / ≥ 32',
      reached: hits >= 33 && clean >= 32,
    },
    {
      figure: 'Quillfern, procedures and lists, hit@5',
      measured: `${hitsAt(whole, 2)} of ${whole.length}`,
      goal: 'all',
      reached: hitsAt(whole, 2) === whole.length,
    },
    {
      figure: 'Quillfern, characters printed on average',
      measured: `${characters}`,
      goal: '≤ 1,200',
      reached: characters <= 1_200,
    },
  ];
}

function tidewaterRows(results: readonly Answered[]): Row[] {
  const known = results.filter(isAnswerable);
  const [first, five, stale] = [hitsAt(known, 0), hitsAt(known, 2), countOf(results, (result) => result.stale > 0)];
  return [
    {
      figure: `Tidewater, hit@1 / hit@5, of ${known.length}`,
      measured: `${first} / ${five}`,
      goal: '≥ 50 / ≥ 58',
      reached: first >= 50 && five >= 58,
    },
    {
      figure: 'Tidewater, questions with something outdated shown as true',
      measured: `${stale}`,
      goal: '0',
      reached: stale === 0,
    },
  ];
}

function transcriptsRow(results: readonly Answered[]): Row {
  const known = results.filter(isAnswerable);
  const [hits, base] = [hitsAt(known, 2), countOf(known, (result) => result.base.hits[2])];
  return {
    figure: `transcripts, hit@5 beside BM25, of ${known.length}`,
    measured: `${hits}, BM25 ${base}`,
    goal: '≥ 1.15 × BM25',
    reached: hits >= 1.15 * base,
  };
}

function irrelevantRow(results: readonly Answered[]): Row {
  const unknown = results.filter((result) => !isAnswerable(result));
  const [irrelevant, printed] = [
    sumOf(unknown, (result) => result.irrelevant),
    sumOf(unknown, (result) => result.items),
  ];
  return {
    figure: `${unknown.length} unanswerable questions of Quillfern and Tidewater, lines that do not bear on them`,
    measured: `${irrelevant} of ${printed}`,
    goal: '≤ 5',
    reached: irrelevant <= 5,
  };
}

function supersessionRow(pairs: NonNullable<Scores['supersession']>): Row {
  const [stale, first] = [countOf(pairs, (result) => result.stale), countOf(pairs, (result) => result.newBeforeOld)];
  return {
    figure: `${pairs.length} replaced statements: the old one shown as true / the new one first`,
    measured: `${stale} / ${first}`,
    goal: '≤ 1 / ≥ 18',
    reached: stale <= 1 && first >= 18,
  };
}

function keepsRow(pairs: NonNullable<Scores['keeps']>): Row {
  const ended = countOf(pairs, ({ kept }) => !kept);
  return {
    figure: `${pairs.length} pairs of similar statements of which neither replaces the other: wrongly ended`,
    measured: `${ended}`,
    goal: '≤ 1',
    reached: ended <= 1,
  };
}

function datesRow(sentences: NonNullable<Scores['dates']>): Row {
  const right = countOf(sentences, (result) => result.right);
  return {
    figure: `${sentences.length} sentences with dates in different forms: beginning and end of the fact both right`,
    measured: `${right}`,
    goal: '≥ 18',
    reached: right >= 18,
  };
}

function entitiesRow(sentences: NonNullable<Scores['entities']>): Row {
  const right = sumOf(sentences, (result) => result.right.length);
  const precision = right / Math.max(1, right + sumOf(sentences, (result) => result.wrong.length));
  const recall = sumOf(sentences, ({ seen }) => seen) / sumOf(sentences, ({ gold }) => gold);
  return {
    figure: `entities of ${sentences.length} sentences, precision / recall`,
    measured: `${Math.round(100 * precision)} / ${Math.round(100 * recall)} %`,
    goal: '≥ 95 / ≥ 75 %',
    reached: precision >= 0.95 && recall >= 0.75,
  };
}

async function conversations(config: Config): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { source, named, goal } of [
    { source: 'text', named: 'default source', goal: 0.72 },
    { source: 'message', named: '`message` with sessions', goal: 0.8 },
  ] as const) {
    console.error(`  LoCoMo, ${named} …`);
    const { recall, questions } = await recallOfLocomo(config, LOCOMO, source);
    rows.push({
      figure: `LoCoMo, ${named}, evidence recall@10 within 2,000 characters, ${questions} questions`,
      measured: recall.toFixed(3),
      goal: `≥ ${goal.toFixed(2)}`,
      reached: recall >= goal,
    });
  }
  return rows;
}

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Redis } from 'ioredis';
import type { Config } from '../src/config.ts';
import { newEpisode } from '../src/episode.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { type Ingest, openIngest } from '../src/ingest/ingest.ts';
import { cachingEmbedder } from '../src/models/caching-embedder.ts';
import { openaiEmbedder } from '../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../src/models/openai/language-model.ts';
import { DAY } from '../src/time.ts';
import { retryingConnection } from '../src/valkey/connections.ts';
import { openLeases } from '../src/valkey/lease.ts';
import { startFakeOpenAI } from '../test/support/fake-openai/index.ts';
import { randomNumbers } from '../test/support/random.ts';
import { asFactor, inMilliseconds, type Row } from './table.ts';

const KNOWLEDGE = 'exclusive: KEEPS_STATE_IN';
const SYLLABLES = 'ba co du fe gi ha jo ku la me ni po qua re su ti vo wa xe yo zi tra ple stro glin'.split(' ');
const START = Date.UTC(2025, 0, 1);

/** The engine with the real OpenAI client, and the number of graph queries. */
interface Engine {
  readonly tell: (content: string, day: number) => Promise<void>;
  readonly queries: () => Promise<number>;
  close(): Promise<void>;
}

async function openEngine(config: Config, baseUrl: string): Promise<Engine> {
  const openai = { ...config.openai, baseUrl, apiKey: 'bench' };
  const graphs = openGraphs(config.falkordb);
  const valkey = retryingConnection(config.valkey);
  const leases = openLeases(valkey, config.takeoverMs);
  const asking = new Redis({ host: config.falkordb.host, port: config.falkordb.port });
  const model = openaiLanguageModel(openai);
  const embedder = openaiEmbedder(openai);
  const ingest: Ingest = openIngest(graphs, valkey, leases, { model, embedder: cachingEmbedder(embedder) });
  const group = `bench-${randomUUID().slice(0, 8)}`;
  // Indexes are created once per graph, so they must not count for an episode.
  await graphs.group(group).prepare(embedder);
  return {
    tell: (content, day) =>
      ingest(newEpisode(content, null, group, 1e6, { source: 'message', referenceTime: new Date(START + day * DAY) })),
    async queries() {
      const stats = await asking.info('commandstats');
      const calls = [...stats.matchAll(/cmdstat_graph\.(?:RO_)?QUERY:calls=(\d+)/gi)].map(([, count]) => Number(count));
      return calls.reduce((sum, count) => sum + count, 0);
    },
    async close() {
      asking.disconnect();
      graphs.close();
      leases.close();
      valkey.disconnect();
      await Promise.all([model.close(), embedder.close()]);
    },
  };
}

/** A name that resembles no other name. */
const randomName = (random: () => number) => `${word(random)} ${word(random)}`;
const word = (random: () => number) =>
  Array.from({ length: 4 }, () => SYLLABLES[Math.floor(random() * SYLLABLES.length)]).join('');

/** Five entities in a ring with five facts; `vary` uses other spellings of the names and other words for the facts. */
function fiveAndFive(names: readonly string[], vary = false): string {
  const called = vary ? names.map((name) => `the ${name} service`) : names;
  return called
    .map((name, index) => {
      const next = called[(index + 1) % called.length];
      return `${name} [Service] KEEPS_STATE_IN ${next} [Service]: ${name} ${vary ? 'holds its state inside' : 'keeps its state in'} ${next}`;
    })
    .join('\n');
}

/** The calls, tokens, embeddings and queries of an episode with five entities and five facts. */
export async function measureCosts(config: Config): Promise<Row[]> {
  const fake = await startFakeOpenAI({ knowledge: KNOWLEDGE });
  const engine = await openEngine(config, fake.url);
  const { tell, queries } = engine;
  const random = randomNumbers(5);
  const names = Array.from({ length: 5 }, () => randomName(random));
  const measured = async (content: string, day: number) => {
    fake.reset();
    const before = await queries();
    await tell(content, day);
    const asked = (await queries()) - before;
    const embeds = fake.called('embed');
    const models = fake.calls.length - embeds.length;
    const tokens = fake.calls
      .filter(({ purpose }) => purpose !== 'embed')
      .reduce((sum, call) => sum + call.promptTokens, 0);
    return { models, tokens, asked, requests: embeds.length, texts: embeds.reduce((sum, call) => sum + call.texts, 0) };
  };
  for (let day = 1; day <= 10; day += 1) await tell(`Mira: ${'what we talked about then. '.repeat(45)}`, day);
  const fresh = await measured(fiveAndFive(names), 11);
  const varied = await measured(fiveAndFive(names, true), 12);
  const repeated = await measured(fiveAndFive(names), 13);
  await engine.close();
  await fake.close();
  const graphiti = { fresh: graphitiTokens(2, 0, 0), varied: graphitiTokens(2, 1, 5) };
  const shares = [fresh.tokens / graphiti.fresh, varied.tokens / graphiti.varied];
  return [
    {
      figure: 'model calls for 5 entities and 5 facts: fresh / populated, names vary / repeat',
      measured: `${fresh.models} / ${varied.models} / ${repeated.models}`,
      goal: '≤ 2 / ≤ 2 / ≤ 1',
      reached: fresh.models <= 2 && varied.models <= 2 && repeated.models <= 1,
    },
    {
      figure:
        'prompt tokens for the same after 10 episodes of 300 tokens, share of graphiti_core’s: fresh / names vary',
      measured: `${fresh.tokens} of ${graphiti.fresh} = ${asFactor(shares[0] ?? 0)} / ${varied.tokens} of ${graphiti.varied} = ${asFactor(shares[1] ?? 0)}`,
      goal: '≤ 1/3',
      reached: shares.every((share) => share <= 1 / 3),
    },
    {
      figure: 'embedding requests, texts embedded: fresh / names vary / repeat',
      measured: [fresh, varied, repeated].map(({ requests, texts }) => `${requests}, ${texts}`).join(' / '),
      goal: '≤ 2, each text once',
      reached: [fresh, varied, repeated].every(({ requests, texts }) => requests <= 2 && texts <= 10),
    },
    {
      figure: 'graph queries: fresh / names vary / repeat',
      measured: `${fresh.asked} / ${varied.asked} / ${repeated.asked}`,
      goal: 'fresh ≤ 6',
      reached: fresh.asked <= 6,
    },
  ];
}

/**
 * Prompt tokens that graphiti_core 0.29.3 would send for the same messages, by the sizes of its prompts in the reference (§2.12):
 * two extraction calls with all previous episodes, one for undecided names with them, one for each fact with candidates.
 */
function graphitiTokens(extractions: number, names: number, facts: number): number {
  const previous = 10 * 300;
  const episode = 170;
  return (
    (extractions / 2) * (1800 + 1300 + 2 * (previous + episode)) + names * (550 + previous + episode) + facts * 600
  );
}

/** One episode at a time, with models that take 300 ms a call: alternately new entities and facts that contradict known ones. */
export async function measureSingleEpisode(config: Config): Promise<Row[]> {
  const [all, chat] = [await waitsAlone(config, 300), await waitsAlone(config, 0)];
  return [
    {
      figure:
        'wall time of an episode alone at 300 ms a call, embeddings at no cost: extract only / extract and resolve',
      measured: `${inMilliseconds(chat.fresh)} / ${inMilliseconds(chat.known)}`,
      goal: '≤ 2 calls in a row + 50 ms = 650 ms',
      reached: chat.fresh <= 650 && chat.known <= 650,
    },
    {
      figure: 'the same with embeddings at 300 ms too: extract and embed / extract, embed and resolve',
      measured: `${inMilliseconds(all.fresh)} / ${inMilliseconds(all.known)}`,
      goal: '≤ 650 ms',
      reached: all.fresh <= 650 && all.known <= 650,
    },
  ];
}

async function waitsAlone(config: Config, embeddingDelay: number): Promise<{ fresh: number; known: number }> {
  const fake = await startFakeOpenAI({ delay: 300, embeddingDelay, knowledge: KNOWLEDGE });
  const engine = await openEngine(config, fake.url);
  const random = randomNumbers(6);
  const waits: { fresh: number[]; known: number[] } = { fresh: [], known: [] };
  for (let round = 0; round < 7; round += 1) {
    const names = Array.from({ length: 5 }, () => randomName(random));
    for (const [kind, content] of [
      ['fresh', fiveAndFive(names)],
      ['known', fiveAndFive(names, true)],
    ] as const) {
      const start = performance.now();
      await engine.tell(content, round * 2 + waits.known.length + 1);
      waits[kind].push(performance.now() - start);
    }
  }
  await engine.close();
  await fake.close();
  const median = (times: number[]) => times.sort((a, b) => a - b)[3] ?? 0;
  return { fresh: median(waits.fresh), known: median(waits.known) };
}

/** Episodes per second in one group, sixteen at once like a worker, three of five entities new. */
export async function measureThroughput(config: Config, marks: readonly number[]): Promise<Row[]> {
  const thread = new Worker(new URL('./fake-thread.ts', import.meta.url), { workerData: KNOWLEDGE });
  const [url] = (await once(thread, 'message')) as [string];
  const engine = await openEngine(config, url);
  const random = randomNumbers(8);
  const regulars = Array.from({ length: 40 }, () => randomName(random));
  const regular = () => regulars[Math.floor(random() * regulars.length)] ?? '';
  let hours = 0;
  const tell = () => {
    hours += 1;
    const [one, other] = [regular(), regular()];
    const names = [...new Set([one, randomName(random), randomName(random), other, randomName(random)])];
    return engine.tell(fiveAndFive(names), hours / 24);
  };
  const many = async (count: number) => {
    let left = count;
    const lane = async () => {
      while (left-- > 0) await tell();
    };
    await Promise.all(Array.from({ length: 16 }, lane));
  };
  const rates: { after: number; rate: number }[] = [];
  let done = 0;
  for (const mark of marks) {
    await many(mark - done);
    const window = mark < 100 ? 40 : 200;
    const start = performance.now();
    await many(window);
    rates.push({ after: mark, rate: (window / (performance.now() - start)) * 1000 });
    done = mark + window;
  }
  await engine.close();
  await thread.terminate();
  return [
    {
      figure: `episodes a second, one group, 0 ms a call, 1024 dimensions, after ${marks.join(', ')} episodes`,
      measured: rates.map(({ rate }) => rate.toFixed(0)).join(', '),
      goal: '≥ 60, ≥ 60, ≥ 50',
      reached: rates.every(({ rate, after }) => rate >= (after < 1000 ? 60 : 50)),
    },
  ];
}

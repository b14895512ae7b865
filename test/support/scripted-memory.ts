import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import { newEpisode } from '../../src/episode.ts';
import type { ForgetTargets } from '../../src/forget/plan.ts';
import { openIngest } from '../../src/ingest/ingest.ts';
import { lazy } from '../../src/lazy.ts';
import { cachingEmbedder } from '../../src/models/caching-embedder.ts';
import type {
  EpisodeText,
  Extraction,
  ResolutionRequest,
  ResolutionResult,
  SummarySubject,
  TokenUse,
} from '../../src/models/language-model.ts';
import { openaiEmbedder } from '../../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../../src/models/openai/language-model.ts';
import { startFakeOpenAI } from './fake-openai/index.ts';
import { anEpisode, openTestForgetting } from './forgetting.ts';
import { useStoreConnections } from './store-connections.ts';
import { newGroup, type Stores } from './stores.ts';

/** The model's general knowledge. */
export interface ModelKnowledge {
  /** Lists of names for the same entity. */
  readonly same?: readonly (readonly string[])[];
  /** Lists of sentences with the same meaning. */
  readonly repeats?: readonly (readonly string[])[];
  /** Relations with one target at a time. */
  readonly single?: readonly string[];
}

const DIMENSION = 512;
const NOTHING: ForgetTargets = { episodes: [], facts: [], entities: [], withEpisodes: false };

/** A time of the story that a test tells: the day of January 2025. */
export const day = (number: number): Date => new Date(Date.UTC(2025, 0, number));

/**
 * Memories with separate groups that ingest episodes one at a time without the queue: `Harbor uses Redis.` is a
 * fact, `Harbor not uses Redis.` ends it. The real client calls a fake OpenAI server.
 */
export function useScriptedMemories(stores: Stores) {
  const opened = useStoreConnections(stores);
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
  });

  return function openMemory(knowledge: ModelKnowledge = {}) {
    const { graphs, valkey, leases } = opened;
    const group = newGroup();
    const graph = graphs.group(group);
    const models = openModels(knowledge);
    closing.push(models.close);
    const forgetting = openTestForgetting(stores.config, opened, models.embedder);
    const { model, embedder } = models;
    const ingest = openIngest(graphs, valkey, leases, { model, embedder: cachingEmbedder(embedder) });
    return {
      group,
      graph,
      /** Records its requests; a test may replace its methods. */
      model,
      /** Records the embedded texts and counts the requests. */
      embedder,
      async store(on: number, content: string, options: { uuid?: string; saga?: string } = {}): Promise<string> {
        const uuid = options.uuid ?? randomUUID();
        await ingest(
          newEpisode(scriptOf(content), null, group, 1_000_000, { ...options, uuid, referenceTime: day(on) }),
        );
        return uuid;
      },
      forgetting,
      forget: (targets: Partial<ForgetTargets>) => forgetting.forget(group, { ...NOTHING, ...targets }),
      remove: (uuid: string) => forgetting.forget(group, anEpisode(uuid)),
      /** `Harbor uses Redis 1–3 (2)`: from the 1st to the 3rd, with two sources. */
      async facts(): Promise<string[]> {
        const rows = await graph.read<{ fact: string; from: string | null; to: string | null; n: number }>(
          `MATCH (:Entity)-[e:RELATES_TO]->(:Entity)
           RETURN e.fact AS fact, e.valid_at AS from, e.invalid_at AS to, size(e.episodes) AS n ORDER BY from, fact`,
        );
        const date = (time: string | null) => (time ? Number(time.slice(8, 10)) : '');
        return rows.map(({ fact, from, to, n }) => `${fact} ${date(from)}–${date(to)} (${n})`);
      },
    };
  };
}

/** The real client and its own server, which starts with the first call. */
function openModels(knowledge: ModelKnowledge) {
  const server = lazy(
    async () => {
      const fake = await startFakeOpenAI({ knowledge: linesOf(knowledge) });
      const settings = {
        baseUrl: fake.url,
        model: 'gpt-test',
      };
      const embedder = openaiEmbedder({ baseUrl: fake.url, dimension: DIMENSION });
      return { fake, model: openaiLanguageModel(settings), embedder };
    },
    ({ fake }) => fake.close(),
  );
  const asked: ResolutionRequest[] = [];
  const texts: string[] = [];
  const model = {
    ...{ id: 'gpt-test', readsPrevious: true, resolves: true, calls: 0, asked },
    extract: async (episode: EpisodeText): Promise<Extraction> => {
      model.calls += 1;
      return (await server()).model.extract(episode);
    },
    resolve: async (undecided: ResolutionRequest): Promise<ResolutionResult> => {
      asked.push(undecided);
      return (await server()).model.resolve(undecided);
    },
    summarize: async (subjects: readonly SummarySubject[]) => (await server()).model.summarize(subjects),
    score: async (query: string, passages: readonly string[]) => (await server()).model.score(query, passages),
    close: async () => {},
  };
  const embedder = {
    ...{ model: 'text-embedding-3-small', dimension: DIMENSION, texts, requests: 0 },
    embed: async (inputs: readonly string[], note?: (use: TokenUse) => void) => {
      embedder.requests += 1;
      texts.push(...inputs);
      return (await server()).embedder.embed(inputs, note);
    },
    close: async () => {},
  };
  return { model, embedder, close: () => server.close() };
}

function linesOf({ same = [], repeats = [], single = [] }: ModelKnowledge): string {
  return [
    ...same.flatMap(([first, ...others]) => others.map((other) => `same: ${first} = ${other}`)),
    ...repeats.flatMap(([first, ...others]) => others.map((other) => `repeats: ${first} = ${other}`)),
    ...single.map((relation) => `exclusive: ${relation}`),
  ].join('\n');
}

/** Translates these sentences into the fake server's script; other texts stay unchanged. */
function scriptOf(content: string): string {
  const sentences = content.split('.').map((sentence) => sentence.trim().split(' '));
  const statements = sentences.filter(([first]) => first !== '');
  if (statements.some((words) => words.length !== 3 && !(words.length === 4 && words[1] === 'not'))) return content;
  return statements
    .map((words) => {
      const [source, target, verb] = [words[0], words.at(-1), words.at(-2)];
      if (words.length === 4) return `ended: ${source} / ${target}`;
      return `${source} [Product] ${verb?.toUpperCase()} ${target} [Product]: ${words.join(' ')}`;
    })
    .join('\n');
}

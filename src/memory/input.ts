import * as z from 'zod/mini';
import type { Address, B2Settings, Config, EmbeddingSettings, OpenAISettings } from '../config.ts';
import { InvalidInputError } from '../errors.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { Ontology } from '../ontology.ts';
import type { ManyOptions } from '../queue/add-many.ts';
import type { QueueName, Receipt } from '../queue/producer.ts';
import type { JournalKey } from '../settings.ts';
import {
  anything,
  callback,
  checked,
  flag,
  having,
  type Members,
  strictly,
  unknownMember,
  whole,
  words,
} from '../strict.ts';
import type { Triplet } from '../triplet.ts';
import type { PruneOptions, RestoreOptions, VerifyOptions } from './archives.ts';
import type { BriefingOptions } from './briefing.ts';
import type { ListOptions, QueueOptions } from './dead-letters.ts';
import type { EntitiesOptions, HistoryOptions } from './entities.ts';
import type { LatestOptions } from './episodes.ts';
import type { ExportAllOptions, ExportOptions } from './exports.ts';
import type { ForgetOptions, ForgetTarget } from './forget.ts';
import type { ImportOptions } from './import-formats.ts';
import type {
  EpisodeInput,
  GroupOptions,
  MemoryParts,
  StoreOptions,
  TellManyOptions,
  TripletOptions,
  WaitOptions,
} from './options.ts';
import type { QueryOptions, TimeOptions } from './query.ts';
import type { RebuildOptions } from './rebuild.ts';
import type { TaskOptions } from './upkeep.ts';

// What is `anything` here is checked where it is used, with a sentence of its own; that nothing else is there is checked only here.

/** Milliseconds, as long as a timer can be. */
const timeoutMs = whole(1, 2 ** 31 - 1);
const group = { group: anything };
const wait = { timeoutMs, signal: anything, onProgress: callback };
const episode = {
  ...{ uuid: anything, idempotencyKey: anything, source: anything, sourceDescription: anything },
  ...{ referenceTime: anything, saga: anything, kind: anything, replaces: anything, confirmed: flag },
};
const store: Members<StoreOptions> = { ...group, ...episode, spool: flag };
const { spool: _, ...withoutSpool } = store;
const { source: __, ...withoutSource } = store;
const times: Members<TimeOptions> = { ...group, asOf: anything, knownAt: anything, cache: flag };
const task: Members<TaskOptions> = { ...group, timeoutMs };
const progress = { ...group, onProgress: callback };
const queue = z.enum(['store', 'export'], 'store or export');

/** What a program may bring itself. */
const MODELS = {
  embedder: having('embed', 'close'),
  languageModel: having('extract', 'resolve', 'summarize', 'score', 'close'),
};

/** What `startWorkers` takes; its own type lies above this floor. */
interface WorkerParts {
  readonly embedder?: Embedder;
  readonly languageModel?: LanguageModel;
  readonly ontology?: Ontology;
  readonly onNotice?: (sentence: string) => void;
}

// Made when they are first needed: a command needs few of them.
const shapes = {
  group: () => strictly<GroupOptions>(group),
  wait: () => strictly<WaitOptions>(wait),
  store: () => strictly<StoreOptions>(store),
  triplet: () =>
    strictly<Triplet>({
      ...{ source: anything, relation: anything, target: anything, fact: anything },
      ...{ sourceType: anything, targetType: anything, validAt: anything, invalidAt: anything },
    }),
  tripletOptions: () => strictly<TripletOptions>(withoutSource),
  episodeInput: () => strictly<EpisodeInput>({ ...withoutSpool, content: anything, metadata: anything }),
  many: () =>
    strictly<TellManyOptions>({ nameOf: callback, onStored: callback, spool: flag } satisfies Members<ManyOptions> &
      Members<TellManyOptions>),
  import: () =>
    strictly<ImportOptions>({
      ...task,
      ...{ skipBroken: flag, dryRun: flag, wait: flag, referenceTime: anything, onProgress: callback },
    }),
  query: () =>
    strictly<QueryOptions>({
      ...times,
      ...{ find: anything, rank: anything, recipe: anything, center: anything, walk: anything, filters: anything },
      ...{ minScore: anything, budgetTokens: anything },
    }),
  entities: () => strictly<EntitiesOptions>({ ...times, limit: anything, offset: anything }),
  history: () => strictly<HistoryOptions>({ ...group, cache: flag }),
  briefing: () => strictly<BriefingOptions>({ ...group, budget: anything, cache: flag }),
  latest: () => strictly<LatestOptions>({ ...group, limit: anything }),
  export: () => strictly<ExportOptions>({ ...group, ...wait, gzip: flag }),
  exportAll: () => strictly<ExportAllOptions>({ ...wait, gzip: flag }),
  forget: () => strictly<ForgetOptions>({ ...task, dryRun: flag, withEpisodes: flag }),
  task: () => strictly<TaskOptions>(task),
  verify: () => strictly<VerifyOptions>({ ...progress, restore: flag }),
  restore: () => strictly<RestoreOptions>({ ...progress, replace: flag }),
  rebuild: () => strictly<RebuildOptions>({ ...progress, replace: flag, file: words }),
  prune: () =>
    strictly<PruneOptions>({
      ...group,
      keep: strictly<PruneOptions['keep']>({ daily: whole(0), weekly: whole(0), monthly: whole(0) }),
      ...{ all: flag, dryRun: flag },
    }),
  queue: () => strictly<QueueOptions>({ queue }),
  deadLetters: () => strictly<ListOptions>({ queue, limit: anything, skip: anything }),
  parts: () => strictly<MemoryParts>({ ...MODELS, metrics: having('increment'), onNotice: callback }),
  workers: () =>
    strictly<WorkerParts>({
      ...MODELS,
      ontology: z.custom<object>((value) => typeof value === 'object', 'an object'),
      onNotice: callback,
    }),
  config: () =>
    strictly<Config>({
      ...{ falkordb: address(), valkey: address(), models: z.enum(['openai', 'local'], 'openai or local') },
      openai: strictly<OpenAISettings>({ apiKey: words, baseUrl: words, model: words }),
      embeddings: strictly<EmbeddingSettings>({
        by: z.enum(['openai', 'local', 'transformers'], 'openai, local or transformers'),
        ...{ apiKey: words, baseUrl: words, model: words, dimension: whole(1, 8192) },
      }),
      ...{ configFile: words, group: anything, exportDir: words, exportGzip: flag },
      b2: strictly<B2Settings>({
        ...{ keyId: words, appKey: words, bucket: words, prefix: z.string('text'), authorizeUrl: words },
      }),
      journalKey: strictly<JournalKey>({ secret: words, since: whole(0) }),
      nightly: strictly<NonNullable<Config['nightly']>>({ cron: words, timeZone: words }),
      keep: z.union(
        [z.literal('all'), z.strictObject({ daily: whole(0), weekly: whole(0), monthly: whole(0) })],
        '"all", or how many are kept: daily, weekly and monthly',
      ),
      ...{
        maxContentBytes: whole(1),
        concurrency: whole(1),
        queuePrefix: words,
        takeover: whole(1),
        stalledLimit: whole(1),
      },
      ...{ spoolLimit: whole(1), home: words },
      health: strictly<Config['health']>({ host: words, port: whole(0, 65_535) }),
      allowedHosts: z.array(words, 'a list of names'),
      logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'debug, info, warn, error or silent'),
      prices: z.record(z.string(), z.array(z.number('a number')), 'an object with two prices for each model'),
    }),
} as const;

function address() {
  return strictly<Address>({ host: words, port: whole(1, 65_535), username: words, password: words, tls: flag });
}

type Shapes = typeof shapes;
const schemas = new Map<keyof Shapes, z.ZodMiniType>();

/** How sentences call what was given. */
const NAMES: Readonly<Record<keyof Shapes, string>> = {
  ...{ group: 'This call', wait: 'waitFor', store: 'An episode', triplet: 'A fact', tripletOptions: 'enqueueFact' },
  ...{ episodeInput: 'An episode', many: 'enqueueMany', import: 'import', query: 'A query', entities: 'getEntities' },
  ...{
    history: 'getHistory',
    latest: 'episodes.list',
    briefing: 'getBriefing',
    export: 'export',
    exportAll: 'exportAll',
    forget: 'forget',
  },
  ...{ task: 'This call', verify: 'archives.verify', restore: 'archives.restore', rebuild: 'archives.rebuild' },
  ...{ prune: 'archives.prune', queue: 'This call', deadLetters: 'deadLetters.list' },
  ...{
    parts: 'The second argument of MemoryManager',
    workers: 'The third argument of startWorkers',
    config: 'The configuration',
  },
};

/**
 * What a public method was given, of a kind in the table above.
 * @throws InvalidInputError naming a member that is not known, or that has the wrong kind of value
 */
export function checkInput<K extends keyof Shapes>(kind: K, value: unknown): z.output<ReturnType<Shapes[K]>> {
  const shape = schemas.get(kind) ?? shapes[kind]();
  schemas.set(kind, shape);
  return checked(shape as z.ZodMiniType<z.output<ReturnType<Shapes[K]>>>, value, NAMES[kind]);
}

const isEmpty = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0;

/** Settings that may be there and say nothing. */
const MAY_BE_UNDEFINED = new Set(['configFile', 'b2', 'nightly']);

/** What differs from the environment's settings; what is undefined there differs in nothing, where it has to be something. */
export function checkConfig(given: unknown): Partial<Config> {
  // As of every command, which needs nothing made for that.
  if (isEmpty(given)) return {};
  const config = checkInput('config', given);
  return Object.fromEntries(
    Object.entries(config).filter(([name, value]) => value !== undefined || MAY_BE_UNDEFINED.has(name)),
  );
}

/** @throws InvalidInputError */
export function checkQueue(given: unknown): QueueName {
  const parsed = queue.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError('The queue must be store or export.');
}

/** A receipt; what else stands in one of an episode is not looked at. @throws InvalidInputError */
export function checkReceipt(given: unknown): Receipt {
  const { queue, jobId } = (given ?? {}) as Partial<Receipt>;
  if (typeof jobId === 'string' && jobId !== '') return { queue: checkQueue(queue), jobId };
  throw new InvalidInputError('A receipt is what enqueue gave, with queue and jobId.');
}

const TARGETS = ['episode', 'fact', 'entity', 'query', 'session'];

/** @throws InvalidInputError unless exactly one thing is named */
export function checkTarget(given: unknown): ForgetTarget {
  const names = given !== null && typeof given === 'object' ? Object.keys(given) : [];
  const unknown = names.find((name) => !TARGETS.includes(name) && name !== 'limit');
  if (unknown !== undefined) throw new InvalidInputError(unknownMember('forget', unknown, TARGETS));
  const named = names.filter((name) => name !== 'limit' && (given as Record<string, unknown>)[name] !== undefined);
  if (named.length !== 1)
    throw new InvalidInputError(
      'Name exactly one thing to forget: an episode, a fact, an entity, a query or a session.',
    );
  if (names.includes('limit') && named[0] !== 'query')
    throw new InvalidInputError('forget takes a limit only with a query.');
  return given as ForgetTarget;
}

import * as z from 'zod/mini';
import { type StoreSettings, storeNames, storeShapes } from '../archive/stores/declarations.ts';
import type { Address, Config } from '../config.ts';
import { InvalidInputError } from '../errors.ts';
import {
  anything,
  callback,
  checkShape,
  flag,
  type MemberShapes,
  nonEmptyText,
  objectOf,
  objectWithMethods,
  oneOf,
  unknownMember,
  wholeNumber,
} from '../input-shapes.ts';
import { modelShapes } from '../models/declarations.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { Ontology } from '../ontology.ts';
import type { BatchOptions } from '../queue/enqueue-many.ts';
import type { QueueName } from '../queue/jobs.ts';
import type { Receipt } from '../queue/producer.ts';
import type { ExpiryRule, JournalKey } from '../settings.ts';
import type { Triplet } from '../triplet.ts';
import type { PruneOptions, RestoreOptions, VerifyOptions } from './archives.ts';
import type { BriefingOptions, BriefingRecipient } from './briefing.ts';
import type { DeadLetterListOptions, QueueOptions } from './dead-letters.ts';
import type { EpisodeListOptions, UnpinOptions } from './episodes.ts';
import type { ExportAllOptions, ExportOptions } from './exports.ts';
import type { ForgetOptions, ForgetTarget } from './forget.ts';
import type { ForgetGroupOptions } from './forget-group.ts';
import type { ImportOptions } from './import-formats.ts';
import type {
  EnqueueEpisodesOptions,
  EnqueueFactOptions,
  EpisodeInput,
  GroupOptions,
  MemoryDependencies,
  StatusOptions,
  StoreOptions,
  WaitOptions,
} from './options.ts';
import type { QueryOptions, TimeOptions } from './query.ts';
import type { EntitiesOptions } from './reads/entities.ts';
import type { HistoryOptions } from './reads/history.ts';
import type { MentionsOptions } from './reads/mentions.ts';
import type { SuggestOptions } from './reads/suggestions.ts';
import type { TimelineOptions } from './reads/timeline.ts';
import type { RebuildOptions } from './rebuild.ts';
import type { RedactOptions } from './redact.ts';
import type { SagaOptions, TaskOptions } from './upkeep.ts';
import type { WaitingJobsOptions } from './waiting-jobs.ts';

// A member that is `anything` here is checked where it is used, with its own sentence (those of a search in check-search-options.ts). Unknown
// members are refused here.

/** Milliseconds, as long as a timer can be. */
const timeoutMs = wholeNumber(1, 2 ** 31 - 1);
const group = { group: anything };
const signal = z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal');
const wait = { timeoutMs, signal, onProgress: callback };
const episode = {
  ...{ uuid: anything, idempotencyKey: anything, source: anything, sourceDescription: anything },
  ...{
    referenceTime: anything,
    saga: anything,
    kind: anything,
    replaces: anything,
    confirmed: flag,
    expires: anything,
  },
};
const store: MemberShapes<StoreOptions> = { ...group, ...episode, spool: flag };
const { spool: _, ...withoutSpool } = store;
const { source: __, ...withoutSource } = store;
const times: MemberShapes<TimeOptions> = { ...group, asOf: anything, knownAt: anything, cache: flag };
const task: MemberShapes<TaskOptions> = { ...group, timeoutMs, signal };
const progress = { ...group, onProgress: callback };
const date = z.custom<Date>((value) => value instanceof Date && !Number.isNaN(value.getTime()), 'a Date');
const queue = oneOf('store', 'export');
const deliveredTo = objectOf<BriefingRecipient>({ host: nonEmptyText, session: nonEmptyText }, ['host']);

/** The models that a program may supply. */
const MODELS = {
  embedder: objectWithMethods('embed', 'close'),
  languageModel: objectWithMethods('extract', 'resolve', 'summarize', 'score', 'close'),
};

/** The dependencies of `startWorkers`, whose own type is in a higher layer. */
interface WorkerParts {
  readonly embedder?: Embedder;
  readonly languageModel?: LanguageModel;
  readonly ontology?: Ontology;
  readonly onNotice?: (sentence: string) => void;
}

// Each shape is built when it is first needed, since a command needs few of them.
const shapes = {
  group: () => objectOf<GroupOptions>(group),
  status: () => objectOf<StatusOptions>({ ...group, countPassages: flag }),
  wait: () => objectOf<WaitOptions>(wait),
  store: () => objectOf<StoreOptions>(store),
  triplet: () =>
    objectOf<Triplet>({
      ...{ source: anything, relation: anything, target: anything, fact: anything },
      ...{ sourceType: anything, targetType: anything, validAt: anything, invalidAt: anything },
    }),
  tripletOptions: () => objectOf<EnqueueFactOptions>(withoutSource),
  episodeInput: () => objectOf<EpisodeInput>({ ...withoutSpool, content: anything, metadata: anything }),
  many: () =>
    objectOf<EnqueueEpisodesOptions>({
      nameOf: callback,
      onEnqueued: callback,
      spool: flag,
    } satisfies MemberShapes<BatchOptions> & MemberShapes<EnqueueEpisodesOptions>),
  import: () =>
    objectOf<ImportOptions>({
      ...task,
      ...{ skipBroken: flag, dryRun: flag, wait: flag, referenceTime: anything, onProgress: callback },
    }),
  query: () =>
    objectOf<QueryOptions>({
      ...times,
      ...{ find: anything, rank: anything, recipe: anything, center: anything, walk: anything, filters: anything },
      ...{ minScore: anything, budgetTokens: anything },
    }),
  entities: () =>
    objectOf<EntitiesOptions>({
      ...times,
      order: oneOf('name', 'facts', 'mentioned'),
      limit: anything,
      offset: anything,
    }),
  suggest: () => objectOf<SuggestOptions>({ ...group, limit: anything }),
  timeline: () =>
    objectOf<TimelineOptions>({ ...group, entity: anything, from: anything, to: anything, limit: anything }),
  mentions: () => objectOf<MentionsOptions>({ ...group, limit: anything, offset: anything }),
  saga: () => objectOf<SagaOptions>({ ...group, limit: anything, offset: anything }),
  history: () => objectOf<HistoryOptions>({ ...group, cache: flag }),
  briefing: () => objectOf<BriefingOptions>({ ...group, budgetTokens: anything, cache: flag, deliveredTo }),
  lastBriefing: () => objectOf<GroupOptions>(group),
  latest: () => objectOf<EpisodeListOptions>({ ...group, limit: anything }),
  export: () => objectOf<ExportOptions>({ ...group, ...wait, gzip: flag }),
  exportAll: () => objectOf<ExportAllOptions>({ ...wait, gzip: flag }),
  forget: () => objectOf<ForgetOptions>({ ...task, dryRun: flag, withEpisodes: flag }),
  forgetGroup: () => objectOf<ForgetGroupOptions>({ timeoutMs, signal, dryRun: flag, deleteArchives: flag }),
  redact: () => objectOf<RedactOptions>({ ...task, dryRun: flag }),
  task: () => objectOf<TaskOptions>(task),
  unpin: () => objectOf<UnpinOptions>({ ...task, rule: nonEmptyText }),
  verify: () => objectOf<VerifyOptions>({ ...progress, restore: flag }),
  restore: () => objectOf<RestoreOptions>({ ...progress, replace: flag }),
  rebuild: () => objectOf<RebuildOptions>({ ...progress, replace: flag, file: nonEmptyText }),
  prune: () =>
    objectOf<PruneOptions>({
      ...group,
      keep: objectOf<PruneOptions['keep']>({ daily: wholeNumber(0), weekly: wholeNumber(0), monthly: wholeNumber(0) }),
      ...{ all: flag, dryRun: flag },
    }),
  queue: () => objectOf<QueueOptions>({ queue }),
  deadLetters: () => objectOf<DeadLetterListOptions>({ queue, limit: anything, skip: anything }),
  waitingJobs: () => objectOf<WaitingJobsOptions>({ queue, limit: anything }),
  parts: () => objectOf<MemoryDependencies>({ ...MODELS, metrics: objectWithMethods('increment'), onNotice: callback }),
  workers: () =>
    objectOf<WorkerParts>({
      ...MODELS,
      ontology: z.custom<object>((value) => typeof value === 'object', 'an object'),
      onNotice: callback,
    }),
  config: () =>
    objectOf<Config>({
      ...{ falkordb: address(), valkey: address() },
      ...modelShapes(),
      ...{ configFile: nonEmptyText, group: anything, exportDir: nonEmptyText, exportGzip: flag },
      ...storeShapes(),
      archiveKeys: z.array(nonEmptyText, 'a list of keys'),
      journalKey: objectOf<JournalKey>({ secret: nonEmptyText, since: date }),
      nightly: objectOf<NonNullable<Config['nightly']>>({ cron: nonEmptyText, timeZone: nonEmptyText }),
      keep: z.union(
        [z.literal('all'), z.strictObject({ daily: wholeNumber(0), weekly: wholeNumber(0), monthly: wholeNumber(0) })],
        '"all", or how many are kept: daily, weekly and monthly',
      ),
      ...{
        maxContentBytes: wholeNumber(1),
        concurrency: wholeNumber(1),
        queuePrefix: nonEmptyText,
        takeoverMs: wholeNumber(1),
        stalledLimit: wholeNumber(1),
      },
      ...{
        valkeyCopies: wholeNumber(0),
        falkordbCopies: wholeNumber(0),
        spoolLimit: wholeNumber(1),
        home: nonEmptyText,
      },
      health: objectOf<Config['health']>({ host: nonEmptyText, port: wholeNumber(0, 65_535) }),
      allowedHosts: z.array(nonEmptyText, 'a list of names'),
      logLevel: oneOf('debug', 'info', 'warn', 'error', 'silent'),
      budget: z.number('a number of dollars').check(z.minimum(0, 'a number of dollars')),
      expiry: z.array(
        objectOf<ExpiryRule>({ by: oneOf('source', 'kind'), name: nonEmptyText, afterMs: wholeNumber(1) }),
        'a list of rules',
      ),
      prices: z.record(z.string(), z.array(z.number('a number')), 'an object with two prices for each model'),
    }),
} as const;

function address() {
  return objectOf<Address>({
    host: nonEmptyText,
    port: wholeNumber(1, 65_535),
    username: nonEmptyText,
    password: nonEmptyText,
    tls: flag,
    certificates: objectOf<NonNullable<Address['certificates']>>({
      ...{ ca: nonEmptyText, cert: nonEmptyText, key: nonEmptyText, servername: nonEmptyText },
    }),
    topology: z.union(
      [topology({ kind: z.literal('cluster') }), topology({ kind: z.literal('sentinel'), name: nonEmptyText })],
      'a cluster with its nodes, or sentinels with their nodes and a name',
    ),
  });
}

function topology(shape: Record<string, z.ZodMiniType>) {
  const node = z.strictObject({ host: nonEmptyText, port: wholeNumber(1, 65_535) });
  const optional = { username: z.optional(nonEmptyText), password: z.optional(nonEmptyText) };
  return z.strictObject({ ...optional, ...shape, nodes: z.array(node).check(z.minLength(1)) });
}

type Shapes = typeof shapes;
const schemas = new Map<keyof Shapes, z.ZodMiniType>();

/** The subject of the error sentence for each kind of input. */
const SUBJECTS: Readonly<Record<keyof Shapes, string>> = {
  group: 'This call',
  status: 'getStatus',
  wait: 'waitFor',
  store: 'An episode',
  triplet: 'A fact',
  tripletOptions: 'enqueueFact',
  episodeInput: 'An episode',
  many: 'enqueueEpisodes',
  import: 'import',
  query: 'A query',
  entities: 'getEntities',
  history: 'getHistory',
  suggest: 'suggestEntities',
  timeline: 'getTimeline',
  mentions: 'getMentions',
  saga: 'sagas.get',
  briefing: 'getBriefing',
  lastBriefing: 'getLastBriefing',
  latest: 'episodes.list',
  export: 'export',
  exportAll: 'exportAll',
  forget: 'forget',
  forgetGroup: 'forgetGroup',
  redact: 'redact',
  task: 'This call',
  unpin: 'episodes.unpin',
  verify: 'archives.verify',
  restore: 'archives.restore',
  rebuild: 'archives.rebuild',
  prune: 'archives.prune',
  queue: 'This call',
  deadLetters: 'deadLetters.list',
  waitingJobs: 'getWaitingJobs',
  parts: 'The second argument of MemoryManager',
  workers: 'The third argument of startWorkers',
  config: 'The configuration',
};

/**
 * Returns the checked input of a public method.
 * @throws InvalidInputError naming an unknown member, or a member with a value of the wrong kind
 */
export function checkInput<K extends keyof Shapes>(kind: K, value: unknown): z.output<ReturnType<Shapes[K]>> {
  const shape = schemas.get(kind) ?? shapes[kind]();
  schemas.set(kind, shape);
  return checkShape(shape as z.ZodMiniType<z.output<ReturnType<Shapes[K]>>>, value, SUBJECTS[kind]);
}

/** The options of a query; most have none, and then the shape is not made. @throws InvalidInputError */
export const checkQuery = (value: unknown) => (isEmpty(value) ? {} : checkInput('query', value));

const isEmpty = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0;

type Optional = { [K in keyof Config]-?: undefined extends Config[K] ? K : never }[keyof Config];

/** Settings for which undefined has a meaning, such as no remote store. For all others undefined means the environment's setting. */
const MAY_BE_UNDEFINED: Readonly<Record<Exclude<Optional, keyof StoreSettings>, boolean>> = {
  configFile: true,
  nightly: true,
  journalKey: false,
  budget: true,
};

/** The settings that differ from the environment's. Undefined members are left out, except where undefined has a meaning. */
export function checkConfig(value: unknown): Partial<Config> {
  // Every command passes an empty object, which needs no shape.
  if (isEmpty(value)) return {};
  const config = checkInput('config', value);
  return Object.fromEntries(
    Object.entries(config).filter(
      ([name, value]) =>
        value !== undefined ||
        (storeNames as string[]).includes(name) ||
        MAY_BE_UNDEFINED[name as keyof typeof MAY_BE_UNDEFINED],
    ),
  );
}

/** @throws InvalidInputError */
export function checkQueue(value: unknown): QueueName {
  return checkShape(queue, value, 'The queue');
}

/** Other members, such as those of an episode's receipt, are ignored. @throws InvalidInputError */
export function checkReceipt(value: unknown): Receipt {
  const { queue, jobId } = (value ?? {}) as Partial<Receipt>;
  if (typeof jobId === 'string' && jobId !== '') return { queue: checkQueue(queue), jobId };
  throw new InvalidInputError('A receipt is what an enqueue method returned, with queue and jobId.');
}

const TARGETS = ['episode', 'fact', 'entity', 'query', 'session'];

/** @throws InvalidInputError unless exactly one target is named */
export function checkTarget(value: unknown): ForgetTarget {
  const members = value !== null && typeof value === 'object' ? Object.keys(value) : [];
  const unknown = members.find((name) => !TARGETS.includes(name) && name !== 'limit');
  if (unknown !== undefined) throw new InvalidInputError(unknownMember('forget', unknown, TARGETS));
  const targets = members.filter((name) => name !== 'limit' && (value as Record<string, unknown>)[name] !== undefined);
  if (targets.length !== 1)
    throw new InvalidInputError(
      'Name exactly one thing to forget: an episode, a fact, an entity, a query or a session.',
    );
  if (members.includes('limit') && targets[0] !== 'query')
    throw new InvalidInputError('forget takes a limit only with a query.');
  return value as ForgetTarget;
}

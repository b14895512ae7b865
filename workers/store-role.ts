import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { reembed } from '../src/archive/reembed.ts';
import { chooseStore } from '../src/archive/stores/choose.ts';
import type { Config } from '../src/config.ts';
import { type Forgetting, ingestUnlessForgotten, openForgetting } from '../src/forget/forget.ts';
import type { Graphs } from '../src/graph/graphs.ts';
import { type Ingest, type OpenIngest, openIngest } from '../src/ingest/ingest.ts';
import type { Journal } from '../src/journal/journal.ts';
import { cachingEmbedder } from '../src/models/caching-embedder.ts';
import type { Embedder } from '../src/models/embedder.ts';
import type { LanguageModel } from '../src/models/language-model.ts';
import type { Ontology } from '../src/ontology.ts';
import { isForgottenJob } from '../src/queue/forgotten-job.ts';
import {
  EXPORT_QUEUE,
  readStoreJob,
  readTaskJob,
  refuseJob,
  STORE_QUEUE,
  TASK_JOB,
  type Task,
} from '../src/queue/jobs.ts';
import type { Producer } from '../src/queue/producer.ts';
import { embedQuestions } from '../src/queue/question-vectors.ts';
import type { OpenQueues } from '../src/queue/queues.ts';
import { openQueue } from '../src/queue/queues.ts';
import { openSpool } from '../src/queue/spool/spool.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import type { VitalSigns } from '../src/telemetry/vital-signs.ts';
import { SECOND } from '../src/time.ts';
import { openUpkeep, type Upkeep } from '../src/upkeep/upkeep.ts';
import type { Leases } from '../src/valkey/lease.ts';
import { startBriefings } from './briefings.ts';
import { startExpiryChecks } from './expiry.ts';
import { startGraphRepair } from './graph-repair.ts';
import { startIndexRenewal } from './index-renewal.ts';
import { jobProcessor, type Observers, workerOptions } from './job-failure.ts';
import { startPassageChecks } from './passage-cutting.ts';

/** What all roles of a worker process share. */
export interface SharedResources {
  readonly config: Config;
  readonly valkey: Redis;
  readonly graphs: Graphs;
  readonly journal: Journal;
  readonly leases: Leases;
  readonly queues: OpenQueues;
  readonly producer: Producer;
  readonly languageModel: LanguageModel;
  readonly embedder: Embedder;
  readonly ontology: Ontology;
  readonly metrics: Metrics;
  readonly signs: VitalSigns;
  /** Migrates keys of a group that an earlier release stored under other names; called before any work on the group. */
  readonly migrateKeys: (group: string) => Promise<void>;
  readonly onNotice: (sentence: string) => void;
  /** Opens a connection to Valkey that is closed with the process' others. */
  readonly connection: () => Redis;
}

export interface StoreRole {
  readonly worker: Worker;
  /** Lets other workers continue the active jobs immediately. */
  readonly releaseLocks: () => Promise<void>;
  readonly closing: readonly (() => Promise<void>)[];
}

/** Stores episodes and runs tasks; between jobs: briefings, passages of older episodes, index renewal, vectors for questions. */
export function startStoreRole(shared: SharedResources): StoreRole {
  const { config, valkey, graphs, leases, producer, embedder, metrics, signs, migrateKeys, onNotice } = shared;
  const caching = cachingEmbedder(embedder);
  const renewal = startIndexRenewal({ graphs, leases }, metrics);
  const passages = startPassageChecks(graphs, producer);
  const expiry = startExpiryChecks(graphs, producer);
  const briefings = startBriefings(graphs, valkey);
  const repair = startGraphRepair({ graphs, valkey, leases, metrics, onNotice, journal: shared.journal });
  // Without the channel, recall works by words only; the worker is not affected.
  embedQuestions(valkey, leases.pubSub, config.queuePrefix, caching).catch(() => {});

  // The mark of a long summary stays in the graph; the next commit reports the group again.
  const onLong = (group: string) => {
    producer.task(group, { kind: 'summaries' }).catch((error: unknown) => onNotice(redactError(error).message));
  };
  const onCommitted = (count: number, group: string) => {
    signs.committed(count);
    renewal.touched(group);
    briefings.touched(group);
  };
  const ingest = openIngest(graphs, valkey, leases, {
    ...{ model: shared.languageModel, embedder: caching, ontology: shared.ontology, metrics },
    ...{ lockTtlMs: config.takeoverMs, onLong, onCommitted, expiry: config.expiry },
  });
  const queue = openQueue(STORE_QUEUE, shared.connection(), config);
  const exportQueue = openQueue(EXPORT_QUEUE, shared.connection(), config);
  const forgetting = openForgetting({
    ...{
      graphs,
      valkey,
      leases,
      queue,
      exportQueue,
      queuePrefix: config.queuePrefix,
      onLong,
      metrics,
      embedder: caching,
      journalKey: config.journalKey,
    },
    spool: openSpool(config.home, config.spoolLimit),
    archives: () => chooseStore(config),
    onLater: async (group) => void (await producer.task(group, { kind: 'archive-forgotten' })),
  });
  const worker = startStoreWorker(
    config,
    shared.connection(),
    afterKeyMigration(migrateKeys, ingest, forgetting),
    upkeepOf(shared, caching, forgetting),
    { metrics, onNotice },
  );
  return {
    worker,
    releaseLocks: () => ingest.close(),
    closing: [
      repair.end,
      renewal.end,
      passages.end,
      expiry.end,
      briefings.end,
      () => queue.close(),
      () => exportQueue.close(),
    ],
  };
}

function afterKeyMigration(migrateKeys: SharedResources['migrateKeys'], ingest: OpenIngest, forgetting: Forgetting) {
  const ingestOne = ingestUnlessForgotten(ingest, forgetting);
  return async (episode: Parameters<OpenIngest>[0]) => {
    await migrateKeys(episode.group);
    await ingestOne(episode);
  };
}

function upkeepOf(shared: SharedResources, caching: Embedder, forgetting: Forgetting): Upkeep {
  const { config, valkey, graphs, journal, leases, languageModel, embedder, metrics, migrateKeys, onNotice } = shared;
  const archives = () => chooseStore(config, metrics);
  const upkeep = openUpkeep({
    ...{ graphs, valkey, leases, languageModel, embedder: caching, forgetting, metrics, onNotice },
    // Without the cache: each text comes once, and there may be more texts than it should hold.
    reembed: (group) => reembed({ graphs, valkey, leases, journal, embedder, metrics, onNotice, archives }, group),
  });
  return {
    async run(group, task) {
      await migrateKeys(group);
      const result = await upkeep.run(group, task);
      // Longer than for an episode, since a second run of the task would have another result.
      await graphs.confirm(group, [], TASK_CONFIRMED_WITHIN);
      return result;
    },
  };
}

/** How long replicas may take to confirm a task, for FALKORDB_COPIES. */
const TASK_CONFIRMED_WITHIN = 10 * SECOND;

/** Processes `store` jobs, which bring an episode into the graph, and `task` jobs, which change a graph in another way. */
export function startStoreWorker(
  config: Config,
  connection: Redis,
  ingest: Ingest,
  upkeep: Upkeep,
  observers: Observers = {},
): Worker {
  const queue = openQueue(STORE_QUEUE, connection, config);
  return new Worker(
    STORE_QUEUE,
    jobProcessor(queue, config.valkey, (job) => work(job, ingest, upkeep), observers),
    { ...workerOptions(config, connection), concurrency: config.concurrency },
  );
}

async function work({ name, data, attemptsStarted }: Job, ingest: Ingest, upkeep: Upkeep): Promise<unknown> {
  if (name === STORE_QUEUE) {
    if (!isForgottenJob(data)) return ingest(readStoreJob(data));
    // A worker that died during the job may have left data behind.
    if (attemptsStarted > 1) await upkeep.run(data.group, onlyThis(data.uuid));
    return undefined;
  }
  if (name !== TASK_JOB) refuseJob(name, data);
  const { group, task } = readTaskJob(data);
  const result = await upkeep.run(group, task);
  // The result would stay in Valkey for days, with content; the summary is in the graph.
  return task.kind === 'summarize-saga' ? undefined : result;
}

const onlyThis = (uuid: string): Task => ({
  kind: 'forget',
  withEpisodes: false,
  ...{ episodes: [uuid], facts: [], entities: [] },
});

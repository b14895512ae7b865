import type { Worker } from 'bullmq';
import type { Config } from '../src/config.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import type { Embedder } from '../src/models/embedder.ts';
import { STORE_QUEUE } from '../src/queue/jobs.ts';
import { openProducer } from '../src/queue/producer.ts';
import { pingValkey, prometheusMetrics } from '../src/queue/queue-state.ts';
import { openQueues } from '../src/queue/queues.ts';
import { drainSpool } from '../src/queue/spool/drain.ts';
import { openSpool, type SpooledEpisode } from '../src/queue/spool/spool.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import type { Prometheus } from '../src/telemetry/prometheus.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import type { VitalSigns } from '../src/telemetry/vital-signs.ts';
import { SECOND } from '../src/time.ts';
import { mergeMetrics, reportGauges, reportServers } from './gauges.ts';
import { measureHealth } from './health.ts';
import { startHealthServer } from './health-server.ts';
import { newIdentity, publicIdentity, startHeartbeat } from './heartbeat.ts';
import { openMissedExportsCheck } from './missed-exports.ts';
import { measureReadiness } from './readiness.ts';
import { runPeriodically } from './run-periodically.ts';

/** A worker's tasks other than jobs. */
export interface Operations {
  /** To be called when no more jobs are taken. */
  closing(): Promise<void>;
  close(): Promise<void>;
}

export interface OperationsInput {
  readonly roles: readonly string[];
  readonly embedder: Pick<Embedder, 'model' | 'dimension'>;
  readonly workers: readonly Worker[];
  readonly signs: VitalSigns;
  readonly metrics: Metrics;
  readonly prometheus: Prometheus;
  readonly onNotice: (sentence: string) => void;
}

/** A session that starts right after another one should know it. Looking into an empty folder takes 0.02 ms. */
const LOOKS_INTO_SPOOL_EVERY = 0.25 * SECOND;
/** While Valkey is down, or files are left that this version cannot read. */
const RETRIES_SPOOL_AFTER = 3 * SECOND;
const FIGURES_EVERY = 10 * SECOND;

/**
 * Publishes the worker's heartbeat, health and metrics, and drains this machine's spool.
 * @throws ConfigError when `/health` cannot be served
 */
export async function startOperations(config: Config, watched: OperationsInput): Promise<Operations> {
  const { roles, embedder, workers, signs, metrics, prometheus, onNotice } = watched;
  const queues = openQueues(config);
  const producer = openProducer(queues);
  // A separate pool: behind many reads of episodes a busy server would look silent.
  const graphs = openGraphs(config.falkordb, { readers: 1, writers: 1 });
  const spool = openSpool(config.home, config.spoolLimit);
  const identity = newIdentity(roles, roles.includes('store') ? embedder : undefined);
  const findMissed = openMissedExportsCheck(queues);
  noteCommits(workers, signs);

  const health = shared(() =>
    measureHealth({
      queues,
      spool,
      signs,
      graphs,
      findMissed,
      group: config.group,
      started: Date.parse(identity.started),
      storesEpisodes: roles.includes('store'),
    }),
  );
  let isClosed = false;
  // At the end the connections are closed; that must not look like servers that are down.
  const untilClosed: Metrics = {
    increment: metrics.increment,
    gauge: (...gauge) => void (isClosed || metrics.gauge?.(...gauge)),
  };
  const reportAll = shared(() =>
    Promise.all([
      reportServers({ valkey: () => pingValkey(queues), falkordb: () => graphs.ping() }, untilClosed),
      reportGauges(queues, spool, metrics, config.home),
    ]),
  );
  async function figures() {
    const [texts] = await Promise.all([prometheusMetrics(queues).catch((): string[] => []), reportAll()]);
    return { text: mergeMetrics(texts) + (await prometheus.text()), contentType: prometheus.contentType };
  }

  const server = await startHealthServer(
    config,
    {
      health: async () => ({ ...(await health()), worker: publicIdentity(identity) }),
      readiness: shared(() => measureReadiness(config)),
      metrics: figures,
    },
    onNotice,
  ).catch(async (error) => {
    graphs.close();
    producer.close();
    await queues.close();
    throw error;
  });
  const heartbeat = startHeartbeat(config, identity, signs, server.address);
  let drainsFrom = 0;
  const regular = [
    runPeriodically(LOOKS_INTO_SPOOL_EVERY, async () => {
      // An empty spool costs Valkey no command.
      if (performance.now() < drainsFrom || spool.names().length === 0) return;
      let hasDrained = false;
      try {
        const store = (spooled: SpooledEpisode) =>
          producer.store(spooled.episode, spooled.hasCallerId, spooled.carrier);
        const { drained, error } = await drainSpool(spool, store, { metrics, onNotice });
        hasDrained = drained > 0 && error === undefined;
      } catch (error) {
        onNotice(redactError(error).message);
      }
      drainsFrom = performance.now() + (hasDrained ? 0 : RETRIES_SPOOL_AFTER);
    }),
    runPeriodically(FIGURES_EVERY, reportAll),
  ];

  return {
    closing: () => heartbeat.closing(),
    async close() {
      isClosed = true;
      graphs.close();
      await Promise.all([server.close(), heartbeat.stop(), ...regular.map((timer) => timer.end())]);
      producer.close();
      await queues.close();
    },
  };
}

function noteCommits(workers: readonly Worker[], signs: VitalSigns): void {
  for (const worker of workers)
    worker.on('completed', (job) => {
      if (job.name === STORE_QUEUE) signs.committed(1);
    });
}

/** Requests during a measurement share its result, so that many of them cost the stores no more than one. */
function shared<T>(measure: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= measure().finally(() => {
      running = undefined;
    });
    return running;
  };
}

import type { Config } from '../config.ts';
import type { Graphs } from '../graph/graphs.ts';
import { checkGroup } from '../group.ts';
import { type Lazy, lazy } from '../lazy.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { QueueName } from '../queue/jobs.ts';
import type { Producer } from '../queue/producer.ts';
import type { QuestionVectors } from '../queue/question-vectors.ts';
import type { OpenQueues } from '../queue/queues.ts';
import type { JobWaiter } from '../queue/wait.ts';
import { openReader, type Reader } from '../reader/reader.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { combineMetrics, DOGSTATSD } from '../telemetry/metrics.ts';
import { noticeHandler } from '../telemetry/notices.ts';
import { MINUTE } from '../time.ts';
import type { MemoryDependencies, WaitOptions } from './options.ts';
import type { Spooling } from './spooling.ts';

/** The parts of a memory. Nothing is connected or loaded before it is needed. */
export interface Services {
  readonly config: Config;
  readonly metrics: Metrics;
  /** Reports that an answer could not be produced in the usual way. */
  readonly notice: (sentence: string) => void;
  readonly reader: Lazy<Reader>;
  readonly queues: Lazy<OpenQueues>;
  /** Adds jobs to the queues. */
  readonly producer: Lazy<Producer>;
  readonly spooling: Lazy<Spooling>;
  readonly graphs: Lazy<Graphs>;
  readonly embedder: Lazy<Embedder>;
  readonly languageModel: Lazy<LanguageModel>;
  readonly questionVectors: Lazy<QuestionVectors>;
  readonly waiting: Record<QueueName, Lazy<JobWaiter>>;
  /** The checked group; default: the configured one. @throws InvalidInputError */
  group(group: string | undefined): string;
  close(): Promise<void>;
}

export function openServices(config: Config, givenParts: MemoryDependencies): Services {
  const notice = noticeHandler(givenParts.onNotice);
  const parts = { ...givenParts, onNotice: notice };
  const { valkey, falkordb } = config;
  const metrics = combineMetrics(DOGSTATSD, parts.metrics);
  const waiting = (queue: QueueName) =>
    lazy(
      async () => (await import('../queue/wait.ts')).openJobWaiter(queue, config),
      (open) => open.close(),
    );
  const queues = lazy(
    async () => (await import('../queue/queues.ts')).openQueues(config),
    (open) => open.close(),
  );
  const opened = {
    queues,
    reader: lazy(
      async () => openReader({ address: valkey, queuePrefix: config.queuePrefix, metrics, onNotice: notice }),
      (reader) => reader.close(),
    ),
    producer: lazy(
      async () => (await import('../queue/producer.ts')).openProducer(await queues()),
      (producer) => producer.close(),
    ),
    graphs: lazy(
      async () => (await import('../graph/graphs.ts')).openGraphs(falkordb, { copies: config.falkordbCopies }),
      (graphs) => graphs.close(),
    ),
    embedder: lazy(
      async () => parts.embedder ?? (await import('../models/providers.ts')).loadEmbedder(config),
      (embedder) => embedder !== parts.embedder && embedder.close(),
    ),
    languageModel: lazy(
      async () => parts.languageModel ?? (await import('../models/providers.ts')).loadLanguageModel(config),
      (model) => model !== parts.languageModel && model.close(),
    ),
    questionVectors: lazy(
      async () => (await import('../queue/question-vectors.ts')).openQuestionVectors(config),
      (vectors) => vectors.close(),
    ),
  };
  const spooling = lazy(
    async () => (await import('./spooling.ts')).openSpooling(config, opened.producer, parts),
    (open) => open.close(),
  );
  const waits = { store: waiting('store'), export: waiting('export') };
  return {
    config,
    metrics,
    notice,
    ...opened,
    spooling,
    waiting: waits,
    group: (group) => checkGroup(group ?? config.group),
    async close() {
      // First, since it may still add episodes to the queue.
      await spooling.close();
      await Promise.allSettled([...Object.values(waits), ...Object.values(opened)].map((service) => service.close()));
    },
  };
}

/** @throws JobFailedError; TimedOutError; the signal's reason when it is aborted */
export async function waitFor(
  services: Services,
  queue: QueueName,
  jobId: string,
  { timeoutMs = MINUTE, signal, onProgress }: WaitOptions,
): Promise<unknown> {
  const waiting = await services.waiting[queue]();
  return waiting.result(jobId, timeoutMs, (share) => onProgress?.(Number(share)), signal);
}

/** Returns when a fact, an episode or a statement of the group next begins, or a fact ends; the present answer changes then. */
export function nextChange(services: Services, group: string) {
  return async (since: Date, until: Date): Promise<Date | undefined> => {
    const [graphs, { nextTimedChange }] = await Promise.all([
      services.graphs(),
      import('../graph/queries/meta-nodes.ts'),
    ]);
    return nextTimedChange(graphs.group(group), since, until);
  };
}

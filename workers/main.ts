import type { Worker } from 'bullmq';
import { installationId } from '../src/archive/manifest.ts';
import { reembed } from '../src/archive/reembed.ts';
import { chooseStore } from '../src/archive/stores/choose.ts';
import type { Config } from '../src/config.ts';
import { InvalidInputError } from '../src/errors.ts';
import { openForgetting } from '../src/forget/forget.ts';
import { ingestUnlessForgotten } from '../src/forget/forgotten-episode.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { type Ingest, openIngest } from '../src/ingest/ingest.ts';
import { keyMismatch } from '../src/journal/authentic.ts';
import { openJournal } from '../src/journal/journal.ts';
import { journaledGroups } from '../src/journal/loss.ts';
import { openTakeOver } from '../src/journal/take-over.ts';
import { checkInput } from '../src/memory/input.ts';
import { chooseEmbedder, chooseLanguageModel } from '../src/models/choose.ts';
import type { Embedder } from '../src/models/embedder.ts';
import { guardedEmbedder, guardedLanguageModel } from '../src/models/guarded.ts';
import type { LanguageModel } from '../src/models/language-model.ts';
import { cachingEmbedder } from '../src/models/remembering-embedder.ts';
import { loadOntology } from '../src/ontology/load.ts';
import type { Ontology } from '../src/ontology.ts';
import { STORE_QUEUE } from '../src/queue/jobs.ts';
import { openProducer } from '../src/queue/producer.ts';
import { answerQuestions } from '../src/queue/question-vectors.ts';
import { openQueue } from '../src/queue/queues.ts';
import { openSpool } from '../src/queue/spool/spool.ts';
import { checkList, unknownMember } from '../src/strict.ts';
import { allMetrics } from '../src/telemetry/all-metrics.ts';
import { DOGSTATSD } from '../src/telemetry/dogstatsd.ts';
import { redactPluginSpans } from '../src/telemetry/plugin-spans.ts';
import { openPrometheus } from '../src/telemetry/prometheus.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import { openVitalSigns } from '../src/telemetry/vital-signs.ts';
import { SECOND } from '../src/time.ts';
import { openUpkeep, type Upkeep } from '../src/upkeep/upkeep.ts';
import { patientConnection } from '../src/valkey/connections.ts';
import { inNamespace } from '../src/valkey/keys.ts';
import { openLeases } from '../src/valkey/lease.ts';
import { withTimeout } from '../src/with-timeout.ts';
import { startBriefings } from './briefings.ts';
import { checkStart } from './checks.ts';
import { startExportWorker } from './export-worker.ts';
import { type Operations, startOperations } from './operations.ts';
import { startPassages } from './passages.ts';
import { startRenewal } from './renewal.ts';
import { reportErrors } from './report.ts';
import { startStoreWorker } from './store-worker.ts';

export const ROLES = ['store', 'export', 'scheduler'] as const;
export type Role = (typeof ROLES)[number];

export interface Running {
  /** Takes no new jobs, waits 4.5 s at most for those under way, hands the others back (2.5 s) and closes everything (1 s). */
  close(): Promise<void>;
}

export interface WorkerParts {
  readonly languageModel?: LanguageModel;
  readonly embedder?: Embedder;
  /** Default: the settings of the configuration file. */
  readonly ontology?: Ontology;
  /** Called with a sentence for the log when something fails. */
  readonly onNotice?: (sentence: string) => void;
}

/** A job that has not ended by then goes back to the queue; if that fails too, another worker takes the job over. */
const JOBS_TIMEOUT = 4.5 * SECOND;
const HAND_BACK_TIMEOUT = 2.5 * SECOND;
const CLOSE_TIMEOUT = 1 * SECOND;
/** For the connection of leases and the result cache, which never blocks. */
const PATIENCE = 4 * SECOND;

const NOT_TAKEN_OVER =
  'Warning: Valkey does not let its user read what an earlier version kept of the memories, notes of what was forgotten included; grant the rights for that (docs/configuration.md) and start the worker again.';

/**
 * Starts the roles in this process.
 * @throws InvalidInputError for roles or parts that are not known; ConfigError, and StoreUnreachableError, AccessRefusedError or WrongServerError when a store cannot be used now
 */
export async function startWorkers(config: Config, roles: readonly Role[], parts: WorkerParts = {}): Promise<Running> {
  checkInput('config', config);
  const { onNotice = () => {} } = checkInput('workers', parts);
  const unknown = checkList(roles, 'The roles').find((role) => !ROLES.includes(role));
  if (unknown !== undefined) throw new InvalidInputError(unknownMember('A worker', String(unknown), ROLES));
  const prometheus = openPrometheus();
  const metrics = allMetrics(DOGSTATSD, prometheus);
  const signs = openVitalSigns();
  // First, so that a broken file or setting leaves nothing open.
  const ontology = parts.ontology ?? (await loadOntology(config.configFile));
  const schedule = roles.includes('scheduler') ? (await import('./scheduler.ts')).openSchedule(config) : undefined;
  const archives = roles.includes('export') ? await chooseStore(config, metrics) : undefined;
  const ownModel = parts.languageModel ?? (await chooseLanguageModel(config));
  const ownEmbedder =
    parts.embedder ??
    (await chooseEmbedder(config).catch(async (error: unknown) => {
      if (!parts.languageModel) await ownModel.close();
      throw error;
    }));
  const stopPluginSpans = redactPluginSpans();
  const valkey = inNamespace(patientConnection(config.valkey, PATIENCE), config.queuePrefix);
  const onLoss = (group: string) => {
    onNotice(
      `The graph of the memory "${group}" lost changes that it had taken; \`memory-manager status\` says what to do.`,
    );
  };
  const journal = openJournal(valkey, { onGap: (group) => void closeGap(group), onLoss, key: config.journalKey });
  const graphs = openGraphs(config.falkordb, { journal });
  const takeOver = openTakeOver(valkey, graphs, () => {
    onNotice(NOT_TAKEN_OVER);
  });
  const leases = openLeases(valkey, config.takeover);
  const producer = openProducer(config);
  const guard = { signs, metrics, prices: config.prices };
  const languageModel = parts.languageModel
    ? guardedLanguageModel(ownModel, guard)
    : guardedLanguageModel(ownModel, guard, nameOf(config));
  const embedder = guardedEmbedder(ownEmbedder, guard);
  const workers: Worker[] = [];
  const connections = [valkey];
  const handingBack: (() => Promise<void>)[] = [];
  const closing: (() => Promise<void>)[] = [() => producer.close()];
  let operations: Operations | undefined;
  const connection = () => {
    const opened = patientConnection(config.valkey);
    connections.push(opened);
    return opened;
  };

  async function closeGap(group: string): Promise<void> {
    onNotice(`The journal of a memory lacks changes that its graph has; a new archive holds all of it again.`);
    if (config.nightly)
      await producer.nights.addExport(group).catch((error: unknown) => onNotice(redactError(error).message));
  }

  async function close(): Promise<void> {
    // Not `close(true)` after that: BullMQ gives the promise of the first close again, which waits for the jobs.
    const ends = workers.map((worker) => worker.close());
    operations?.closing();
    if (!(await endWithin(JOBS_TIMEOUT, ends))) {
      for (const worker of workers) worker.cancelAllJobs('shutdown');
      await endWithin(HAND_BACK_TIMEOUT, [...ends, ...handingBack.map((give) => give())]);
    }
    leases.close();
    stopPluginSpans();
    for (const opened of connections) opened.disconnect();
    await endWithin(CLOSE_TIMEOUT, [
      graphs.close(),
      operations?.close(),
      ...closing.map((close) => close()),
      !parts.languageModel && languageModel.close(),
      !parts.embedder && embedder.close(),
    ]);
  }

  try {
    await checkStart(config, graphs.group(config.group), roles.includes('store') ? embedder : undefined, onNotice);
    const otherKey = await keyMismatch(valkey, config.journalKey);
    if (otherKey) onNotice(`Warning: ${otherKey}`);
    if (roles.includes('store')) {
      const remembering = cachingEmbedder(embedder);
      const renewal = startRenewal(graphs, metrics);
      const passages = startPassages(graphs, producer);
      const briefings = startBriefings(graphs, valkey);
      // Without the channel, recall works by words only; the worker is not affected.
      answerQuestions(valkey, leases.signals, config.queuePrefix, remembering).catch(() => {});
      // The note of a long summary stays in the graph; the next one asks again.
      const onLong = (group: string) => {
        producer.task(group, { kind: 'summaries' }).catch((error: unknown) => onNotice(redactError(error).message));
      };
      const ingest = openIngest(graphs, valkey, leases, {
        model: languageModel,
        embedder: remembering,
        ontology,
        metrics,
        takeover: config.takeover,
        onLong,
        onCommitted(count, group) {
          signs.committed(count);
          renewal.touched(group);
          briefings.touched(group);
        },
      });
      handingBack.push(() => ingest.close());
      closing.unshift(renewal.end, passages.end, briefings.end);
      const queue = openQueue(STORE_QUEUE, connection(), config);
      closing.push(() => queue.close());
      const forgetting = openForgetting({
        ...{ graphs, valkey, leases, queue, onLong, embedder: remembering, journalKey: config.journalKey },
        spool: openSpool(config.home, config.spoolLimit),
        archives: () => chooseStore(config),
        onLater: async (group) => void (await producer.task(group, { kind: 'archive-forgotten' })),
      });
      // Each of its texts comes once, and there may be many more than are worth remembering.
      const archiving = () => chooseStore(config, metrics);
      const changing = { ...{ graphs, valkey, leases, journal, embedder, metrics }, archives: archiving };
      const upkeep = openUpkeep({
        ...{ graphs, valkey, leases, languageModel, embedder: remembering, forgetting },
        reembed: (group) => reembed(changing, group),
      });
      const forgetful = ingestUnlessForgotten(ingest, forgetting);
      const ownIngest: Ingest = async (episode) => {
        await takeOver(episode.group);
        await forgetful(episode);
      };
      const ownUpkeep: Upkeep = {
        async run(group, task) {
          await takeOver(group);
          return upkeep.run(group, task);
        },
      };
      workers.push(startStoreWorker(config, connection(), ownIngest, ownUpkeep, { metrics, onNotice }));
    }
    if (archives) {
      const installation = () => installationId(valkey, config.queuePrefix);
      const parts = {
        graphs,
        leases,
        store: archives,
        nights: producer.nights,
        trim: journal.trim,
        takeOver,
        installation,
        journaled: () => journaledGroups(valkey),
      };
      workers.push(startExportWorker(config, connection(), parts, { metrics, onNotice }));
    }
    reportErrors(workers, connections, config.valkey, onNotice);
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    if (schedule) closing.unshift(await schedule.start(producer.nights, { metrics, onNotice }));
    operations = await startOperations(config, { roles, workers, signs, metrics, prometheus, onNotice });
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until all have ended, well or not, but no longer than `limit` milliseconds; false when that was too short. */
function endWithin(limit: number, ends: readonly unknown[]): Promise<boolean> {
  const ended = Promise.allSettled(ends).then(() => true);
  return withTimeout(limit, ended, () => false);
}

/** The language model's name in metrics: its server's name for it, so that calls and tokens have the same tag. */
function nameOf({ models, openai }: Config): string | undefined {
  return models === 'openai' ? openai.model : undefined;
}

import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { installationId } from '../src/archive/manifest.ts';
import type { ArchiveStore } from '../src/archive/stores/archive-store.ts';
import { chooseStore } from '../src/archive/stores/choose.ts';
import { type Config, checkStores } from '../src/config.ts';
import { InvalidInputError } from '../src/errors.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { checkList, unknownMember } from '../src/input-shapes.ts';
import { keyMismatch, NO_KEY_NOTICE } from '../src/journal/hmac.ts';
import { openJournal } from '../src/journal/journal.ts';
import { journaledGroups } from '../src/journal/lost-changes.ts';
import { openKeyMigration } from '../src/journal/migrate-keys.ts';
import { checkInput } from '../src/memory/check-input.ts';
import type { Embedder } from '../src/models/embedder.ts';
import { guardedEmbedder, guardedLanguageModel } from '../src/models/guarded-model.ts';
import type { LanguageModel } from '../src/models/language-model.ts';
import { costOf } from '../src/models/prices.ts';
import { languageModelProvider, loadEmbedder, loadLanguageModel } from '../src/models/providers.ts';
import { loadOntology } from '../src/ontology/load.ts';
import type { Ontology } from '../src/ontology.ts';
import { openNightlyExports } from '../src/queue/nightly-exports.ts';
import { openProducer } from '../src/queue/producer.ts';
import { openQueues } from '../src/queue/queues.ts';
import { combineMetrics, DOGSTATSD, type Metrics } from '../src/telemetry/metrics.ts';
import { noticeHandler } from '../src/telemetry/notices.ts';
import { openPrometheus } from '../src/telemetry/prometheus.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import { redactPluginSpans } from '../src/telemetry/start-tracing.ts';
import { openVitalSigns } from '../src/telemetry/vital-signs.ts';
import { SECOND } from '../src/time.ts';
import { dropBudget, openBudget } from '../src/valkey/budget.ts';
import { disconnectWithDuplicates, retryingConnection } from '../src/valkey/connections.ts';
import { inNamespace } from '../src/valkey/keys.ts';
import { openLeases } from '../src/valkey/lease.ts';
import { withTimeout } from '../src/with-timeout.ts';
import { startExportWorker } from './export-worker.ts';
import { type Operations, startOperations } from './operations.ts';
import { reportErrors } from './report-errors.ts';
import type { openScheduler } from './scheduler.ts';
import { runStartupChecks } from './startup-checks.ts';
import { type SharedResources, startStoreRole } from './store-role.ts';

export const WORKER_ROLES = ['store', 'export', 'scheduler'] as const;
export type WorkerRole = (typeof WORKER_ROLES)[number];

export interface RunningWorkers {
  /** Takes no new jobs, waits at most 4.5 s for running ones, hands the rest back to the queue (2.5 s) and closes everything (1 s). */
  close(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface WorkerDependencies {
  readonly languageModel?: LanguageModel;
  readonly embedder?: Embedder;
  /** Default: the settings of the configuration file. */
  readonly ontology?: Ontology;
  /** Called with a sentence for the log when something fails. */
  readonly onNotice?: (sentence: string) => void;
}

/** A job that has not ended by then goes back to the queue; if that fails too, another worker takes the job over. */
const JOBS_TIMEOUT = 4.5 * SECOND;
const RELEASE_TIMEOUT = 2.5 * SECOND;
const CLOSE_TIMEOUT = 1 * SECOND;
/** For the connection of leases and the result cache, which never blocks. */
const PATIENCE = 4 * SECOND;

const EARLIER_KEYS_DENIED =
  'Warning: Valkey does not let its user read what an earlier version kept of the memories, notes of what was forgotten included; grant the rights for that (docs/configuration.md) and start the worker again.';

/**
 * Starts the roles in this process: load what needs files and models, open the stores, check them, start a worker for each role, then the
 * schedule and operations. If a step fails, everything that was opened is closed.
 * @throws InvalidInputError for roles or parts that are not known; ConfigError, and StoreUnreachableError, AccessRefusedError or WrongServerError when a store cannot be used now
 */
export async function startWorkers(
  config: Config,
  roles: readonly WorkerRole[],
  parts: WorkerDependencies = {},
): Promise<RunningWorkers> {
  checkInput('config', config);
  checkStores(config);
  const onNotice = noticeHandler(checkInput('workers', parts).onNotice);
  checkRoles(roles);
  const prometheus = openPrometheus();
  const metrics = combineMetrics(DOGSTATSD, prometheus);
  const signs = openVitalSigns();
  const loaded = await load(config, roles, parts, metrics);
  const stopPluginSpans = redactPluginSpans();
  const { shared, connections } = openShared(config, parts, loaded, { metrics, signs, onNotice });
  const { valkey, graphs, leases, queues, producer, languageModel, embedder } = shared;
  const workers: Worker[] = [];
  const lockReleases: (() => Promise<void>)[] = [];
  const closing: (() => Promise<void>)[] = [async () => producer.close(), () => queues.close()];
  let operations: Operations | undefined;

  async function close(): Promise<void> {
    // Not `close(true)` after that: BullMQ gives the promise of the first close again, which waits for the jobs.
    const ends = workers.map((worker) => worker.close());
    operations?.closing();
    if (!(await endWithin(JOBS_TIMEOUT, ends))) {
      for (const worker of workers) worker.cancelAllJobs('shutdown');
      await endWithin(RELEASE_TIMEOUT, [...ends, ...lockReleases.map((releaseLocks) => releaseLocks())]);
    }
    leases.close();
    stopPluginSpans();
    for (const opened of connections) disconnectWithDuplicates(opened);
    await endWithin(CLOSE_TIMEOUT, [
      graphs.close(),
      operations?.close(),
      ...closing.map((close) => close()),
      !parts.languageModel && languageModel.close(),
      !parts.embedder && embedder.close(),
    ]);
  }

  try {
    await runStartupChecks(
      config,
      graphs.group(config.group),
      roles.includes('store') ? embedder : undefined,
      onNotice,
    );
    if (config.budget === undefined) await dropBudget(valkey, config.queuePrefix);
    else if (!parts.languageModel && languageModelProvider(config).isRemote && !isPriced(config))
      onNotice(
        `Warning: MEMORY_BUDGET does not limit ${languageModelProvider(config).modelName(config)}, whose price is unknown; set its price in MEMORY_PRICES.`,
      );
    const otherKey = await keyMismatch(valkey, config.journalKey);
    const keyWarning = otherKey ?? (config.journalKey ? undefined : NO_KEY_NOTICE);
    if (keyWarning) onNotice(`Warning: ${keyWarning}`);
    if (roles.includes('store')) {
      const role = startStoreRole(shared);
      workers.push(role.worker);
      lockReleases.push(role.releaseLocks);
      closing.unshift(...role.closing);
    }
    if (loaded.archives) workers.push(startExportRole(shared, loaded.archives));
    reportErrors(workers, connections, config.valkey, onNotice);
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    if (loaded.schedule)
      closing.unshift(await loaded.schedule.start(openNightlyExports(queues), { metrics, onNotice }));
    operations = await startOperations(config, { roles, embedder, workers, signs, metrics, prometheus, onNotice });
    return { close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function isPriced(config: Config): boolean {
  const model = languageModelProvider(config).modelName(config);
  return model !== undefined && costOf(model, 1, 1, config.prices) !== undefined;
}

function checkRoles(roles: readonly WorkerRole[]): void {
  const unknown = checkList(roles, 'The roles').find((role) => !WORKER_ROLES.includes(role));
  if (unknown !== undefined) throw new InvalidInputError(unknownMember('A worker', String(unknown), WORKER_ROLES));
}

interface Loaded {
  readonly ontology: Ontology;
  readonly schedule: ReturnType<typeof openScheduler> | undefined;
  readonly archives: ArchiveStore | undefined;
  readonly ownModel: LanguageModel;
  readonly ownEmbedder: Embedder;
}

/** Comes first, so that a broken file or setting leaves nothing open. */
async function load(
  config: Config,
  roles: readonly WorkerRole[],
  parts: WorkerDependencies,
  metrics: Metrics,
): Promise<Loaded> {
  const ontology = parts.ontology ?? (await loadOntology(config.configFile));
  const schedule = roles.includes('scheduler') ? (await import('./scheduler.ts')).openScheduler(config) : undefined;
  const archives = roles.includes('export') ? await chooseStore(config, metrics) : undefined;
  const ownModel = parts.languageModel ?? (await loadLanguageModel(config));
  const ownEmbedder =
    parts.embedder ??
    (await loadEmbedder(config).catch(async (error: unknown) => {
      if (!parts.languageModel) await ownModel.close();
      throw error;
    }));
  return { ontology, schedule, archives, ownModel, ownEmbedder };
}

/** Opens the stores; `connections` are to be closed at the end. */
function openShared(
  config: Config,
  parts: WorkerDependencies,
  { ontology, ownModel, ownEmbedder }: Loaded,
  observers: Pick<SharedResources, 'metrics' | 'signs' | 'onNotice'>,
): { readonly shared: SharedResources; readonly connections: readonly Redis[] } {
  const { metrics, signs, onNotice } = observers;
  const valkey = inNamespace(retryingConnection(config.valkey, PATIENCE), config.queuePrefix);
  const queues = openQueues(config);
  const producer = openProducer(queues);
  const nights = openNightlyExports(queues);
  const journal = openJournal(valkey, {
    key: config.journalKey,
    onGap(group) {
      onNotice('The journal of a memory lacks changes that its graph has; a new archive holds all of it again.');
      if (config.nightly) nights.addExport(group).catch((error: unknown) => onNotice(redactError(error).message));
    },
    onLoss(group) {
      onNotice(
        `The graph of the memory "${group}" lost changes that it had applied, as after a failover of FalkorDB; \`memory-manager status\` says what to do.`,
      );
    },
  });
  const graphs = openGraphs(config.falkordb, { journal, copies: config.falkordbCopies });
  const connections = [valkey];
  const budget = openBudget(valkey, config.queuePrefix, config.budget);
  const guard = { signs, metrics, prices: config.prices, budget };
  const shared: SharedResources = {
    ...{ config, valkey, graphs, journal, queues, producer, ontology, metrics, signs, onNotice },
    leases: openLeases(valkey, config.takeoverMs),
    migrateKeys: openKeyMigration(valkey, graphs, () => onNotice(EARLIER_KEYS_DENIED)),
    languageModel: parts.languageModel
      ? guardedLanguageModel(ownModel, guard)
      : guardedLanguageModel(ownModel, guard, languageModelProvider(config).modelName(config)),
    embedder: guardedEmbedder(ownEmbedder, guard),
    connection() {
      const opened = retryingConnection(config.valkey);
      connections.push(opened);
      return opened;
    },
  };
  return { shared, connections };
}

function startExportRole(shared: SharedResources, store: ArchiveStore): Worker {
  const { config, valkey, graphs, leases, journal, queues, migrateKeys, metrics, onNotice } = shared;
  const exportParts = {
    ...{ graphs, leases, store, nights: openNightlyExports(queues), trim: journal.trim, migrateKeys },
    installation: () => installationId(valkey, config.queuePrefix),
    journaled: () => journaledGroups(valkey),
  };
  return startExportWorker(config, shared.connection(), exportParts, { metrics, onNotice });
}

/** Waits until all have ended, well or not, but no longer than `limit` milliseconds; false when that was too short. */
function endWithin(limit: number, ends: readonly unknown[]): Promise<boolean> {
  const ended = Promise.allSettled(ends).then(() => true);
  return withTimeout(limit, ended, () => false);
}

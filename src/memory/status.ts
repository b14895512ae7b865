import { InvalidInputError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import type { GraphSize } from '../graph/queries/meta-nodes.ts';
import { type JournalSize, openJournal } from '../journal/journal.ts';
import { isLost, isUnrepaired } from '../journal/lost-changes.ts';
import type { JobCounts } from '../queue/bullmq-layout.ts';
import type { WorkerNote } from '../queue/heartbeats.ts';
import type { QueueName } from '../queue/jobs.ts';
import type { NightlyExports, NightlyOutcome, NightlyState } from '../queue/nightly-exports.ts';
import { openNightlyExports } from '../queue/nightly-exports.ts';
import {
  type CopiesStatus,
  copiesStatus,
  countWorkers,
  isQueuePaused,
  jobCounts,
  latestFailures,
  liveWorkers,
  oldestWaiting,
  pingValkey,
  spendingToday,
} from '../queue/queue-state.ts';
import type { OpenQueues } from '../queue/queues.ts';
import type { RestoreTest } from '../schedule/restore-tests.ts';
import type { ModelFailure, ModelHealth } from '../telemetry/vital-signs.ts';
import type { DailySpend } from '../valkey/budget.ts';
import { type ReembeddingNote, readReembedding } from '../valkey/reembedding.ts';
import { toWorkerStatus } from './dates.ts';
import type { StatusOptions } from './options.ts';
import type { StatusProblem } from './problems.ts';
import type { ReembeddingStatus, WorkerStatus } from './results.ts';
import type { Services } from './services.ts';

/** The answer of a server with its response time, or the reason why there is none. */
export type ServerStatus<T> =
  | ({ readonly ok: true; readonly latencyMs: number } & T)
  | {
      readonly ok: false;
      readonly error: string;
      /** The kind of the failure, such as `AccessRefusedError`. */
      readonly kind?: string;
    };

export interface QueueStatus extends JobCounts {
  /** How long the oldest job has waited that is neither done nor a dead letter; null for none. */
  readonly oldestWaitingMs: number | null;
}

export interface ValkeyStatus {
  readonly store: QueueStatus;
  readonly export: QueueStatus;
  /** Queues that were paused, as a viewer of BullMQ's queues can do; workers take none of their jobs. */
  readonly pausedQueues: readonly QueueName[];
  /** How many connections take `store` jobs. */
  readonly workers: number;
  /** The connected workers with a heartbeat in the last 15 s. */
  readonly liveWorkers: readonly WorkerStatus[];
  /** The worst state of each model that a living worker saw. */
  readonly models: Readonly<Record<string, ModelHealth>>;
  /** What workers have spent on models today, by UTC; null without MEMORY_BUDGET. */
  readonly budget: DailySpend | null;
  /** Dollars that workers have spent on models today, by UTC, upkeep included; null if no call had a price. */
  readonly spentToday: number | null;
  /** Time since an episode was last committed; null for never. */
  readonly lastCommitAgeMs: number | null;
  readonly nightly: NightlyStatus;
  /** Changes of the group's graph in the journal. */
  readonly journal: JournalSize;
  /** The progress of a change of the group's embedder; null when none is running. */
  readonly reembedding: ReembeddingStatus | null;
  /** The replicas that VALKEY_COPIES asks for, and the fewest that a primary has; null without VALKEY_COPIES. */
  readonly copies: CopiesStatus | null;
  /** The reason of the latest failure among jobs that wait for a retry or are dead letters. */
  readonly lastFailure?: string;
  /** The same of the latest dead letter of the queue `store`. */
  readonly lastDeadLetter?: string;
}

/** The state of the memory, from the servers and this machine's disk. */
export interface Status {
  readonly group: string;
  /** What does not work or needs attention, the gravest first; empty if everything works. Dead letters and spooled texts are counted elsewhere. */
  readonly problems: readonly StatusProblem[];
  readonly valkey: ServerStatus<ValkeyStatus>;
  readonly falkordb: ServerStatus<{
    readonly graph: GraphSize;
    /** How many episodes with text have passages; a worker adds the others automatically. Null when not counted. */
    readonly passages: { readonly cut: number; readonly episodes: number } | null;
    /** True when the graph has lost changes, as far as Valkey knows. A worker replays them from the journal, unless `needsRebuild`. */
    readonly lacksChanges: boolean;
    /** True when the journal alone cannot restore the lost changes. */
    readonly needsRebuild: boolean;
    /** The replicas that FALKORDB_COPIES asks for, and those that the primary has; null without FALKORDB_COPIES. */
    readonly copies: CopiesStatus | null;
  }>;
  /** This machine's spool: episodes that wait for Valkey, and files that cannot be queued. */
  readonly spool: { readonly folder: string; readonly episodes: number; readonly unreadable: number };
}

/** @throws InvalidInputError when `group` is not a valid name; a server that does not answer is part of the result */
export async function getStatus(services: Services, options: StatusOptions): Promise<Status> {
  const group = services.group(options.group);
  const [{ spool }, valkey, falkordb] = await Promise.all([
    services.spooling(),
    answerOf(async () => valkeyStatus(await services.queues(), group)),
    answerOf(async () => {
      const [{ countGraph, readEmbedder }, { countCut }, { PASSAGE_VERSION }] = await Promise.all([
        import('../graph/queries/meta-nodes.ts'),
        import('../graph/queries/passage-upkeep.ts'),
        import('../passages/passages.ts'),
      ]);
      const graphs = await services.graphs();
      const graph = graphs.group(group);
      const wanted = services.config.falkordbCopies;
      const [counts, passages, loss, copies, storedEmbedder] = await Promise.all([
        countGraph(graph),
        options.countPassages === false ? null : countCut(graph, PASSAGE_VERSION),
        lossOf(services, graph),
        wanted > 0 ? graphs.countReplicas().then((replicas) => ({ wanted, replicas })) : null,
        readEmbedder(graph),
      ]);
      return { status: { graph: counts, passages, ...loss, copies }, storedEmbedder };
    }),
  ]);
  // Measured last and one by one: loading and connecting would take longer than the answer.
  const valkeyTimed = await timed(valkey.ok ? { ok: true, ...valkey.status } : valkey, async () => {
    await pingValkey(await services.queues());
  });
  const falkordbTimed = await timed(falkordb.ok ? { ok: true, ...falkordb.status } : falkordb, async () =>
    (await services.graphs()).ping(),
  );
  const { findProblems } = await import('./problems.ts');
  const problems = findProblems({
    ...{ group, valkey: valkeyTimed, falkordb: falkordbTimed },
    storedEmbedder: falkordb.ok ? falkordb.storedEmbedder : undefined,
    failures: valkey.ok ? valkey.failures : { store: [], export: [] },
    lastHeartbeat: valkey.ok ? valkey.lastHeartbeat : null,
    now: valkey.ok ? valkey.now : Date.now(),
  });
  return {
    ...{ group, problems, valkey: valkeyTimed, falkordb: falkordbTimed },
    spool: { folder: spool.folder, episodes: spool.count(), unreadable: spool.countUnreadable() },
  };
}

async function lossOf(services: Services, graph: GroupGraph) {
  try {
    const { ask } = await services.queues();
    const lacksChanges = await isLost(ask, graph);
    return { lacksChanges, needsRebuild: lacksChanges && (await ask((valkey) => isUnrepaired(valkey, graph.group))) };
  } catch {
    // The same status shows why.
    return { lacksChanges: false, needsRebuild: false };
  }
}

/** All at once, so that the whole costs as many round trips as its longest part. */
async function valkeyStatus(queues: OpenQueues, group: string) {
  const queue = async (name: QueueName) => {
    const [counts, since, failures, isPaused] = await Promise.all([
      jobCounts(queues, name),
      oldestWaiting(queues, name),
      latestFailures(queues, name),
      isQueuePaused(queues, name),
    ]);
    return { name, counts, since, failures, isPaused };
  };
  const alive = liveWorkers(queues);
  const time = alive.then(({ now }) => now);
  const [living, store, exports, workers, { spent, budget }, nightly, journal, reembedding, copies] = await Promise.all(
    [
      alive,
      queue('store'),
      queue('export'),
      countWorkers(queues, 'store'),
      spendingToday(queues),
      nightlyStatus(openNightlyExports(queues), group, time),
      queues.ask((valkey) => openJournal(valkey).size(group)),
      queues.ask((valkey) => readReembedding(valkey, group)),
      copiesStatus(queues),
    ],
  );
  const { now, lastCommit, lastHeartbeat } = living;
  const age = (since: number | null) => (since === null ? null : millisecondsBetween(since, now));
  const lastFailure = (store.failures[0] ?? exports.failures[0])?.reason;
  const lastDeadLetter = store.failures.find(({ isFinal }) => isFinal)?.reason;
  const status: ValkeyStatus = {
    store: { ...store.counts, oldestWaitingMs: age(store.since) },
    export: { ...exports.counts, oldestWaitingMs: age(exports.since) },
    pausedQueues: [store, exports].filter(({ isPaused }) => isPaused).map(({ name }) => name),
    ...{ workers, budget, spentToday: spent, nightly, journal, copies },
    liveWorkers: living.workers.map(toWorkerStatus),
    models: worstModelHealth(living.workers),
    lastCommitAgeMs: age(lastCommit),
    reembedding: reembedding && reembeddingStatus(reembedding),
    ...(lastFailure !== undefined && { lastFailure }),
    ...(lastDeadLetter !== undefined && { lastDeadLetter }),
  };
  return { status, failures: { store: store.failures, export: exports.failures }, lastHeartbeat, now };
}

const reembeddingStatus = ({ share, at, ...rest }: ReembeddingNote): ReembeddingStatus => ({
  ...rest,
  progress: share,
  updatedAt: new Date(at),
});

const BREAKERS: readonly ModelHealth['breaker'][] = ['closed', 'half-open', 'open'];

/** Of each model the worst that a worker saw. */
export function worstModelHealth(workers: readonly WorkerNote[]): Record<string, ModelHealth> {
  const worst: Record<string, ModelHealth> = {};
  for (const { models } of workers)
    for (const [model, signs] of Object.entries(models)) {
      const previous = worst[model];
      worst[model] = previous ? worse(previous, signs) : signs;
    }
  return worst;
}

function worse(first: ModelHealth, second: ModelHealth): ModelHealth {
  return {
    breaker: BREAKERS[Math.max(BREAKERS.indexOf(first.breaker), BREAKERS.indexOf(second.breaker))] ?? 'closed',
    ok: first.ok + second.ok,
    failed: first.failed + second.failed,
    failedInARow: Math.max(first.failedInARow, second.failedInARow),
    ...longestFailure(first.failure, second.failure),
  };
}

function longestFailure(first: ModelFailure | undefined, second: ModelFailure | undefined) {
  const [failure] = [first, second].flatMap((each) => each ?? []).sort((a, b) => a.since - b.since);
  return failure && { failure };
}

type Failed = { readonly ok: false; readonly error: string; readonly kind?: string };

async function answerOf<T>(ask: () => Promise<T>): Promise<({ readonly ok: true } & T) | Failed> {
  try {
    return { ok: true, ...(await ask()) };
  } catch (error) {
    if (error instanceof InvalidInputError) throw error;
    return { ok: false, error: (error as Error).message, kind: (error as Error).name };
  }
}

/** Adds the response time of the smallest query on an open connection. */
async function timed<T>(
  answer: ({ readonly ok: true } & T) | Failed,
  ping: () => Promise<void>,
): Promise<ServerStatus<T>> {
  if (!answer.ok) return answer;
  const began = performance.now();
  const pinged = await answerOf(async () => {
    await ping();
    return { ms: Math.round((performance.now() - began) * 10) / 10 };
  });
  return pinged.ok ? { ...answer, latencyMs: pinged.ms } : pinged;
}

const millisecondsBetween = (from: number, to: number): number => Math.max(0, to - from);

/** Whether memories are exported by schedule, and whether their archives can be restored. */
export interface NightlyStatus {
  /** The next due time; null when the schedule is off or has never run. */
  readonly next: Date | null;
  /** The last due time with its outcome, if that is known; null for never. */
  readonly last: { readonly tick: Date; readonly outcome: NightlyOutcome | null } | null;
  /** The group's last archive that passed a restore test; null for none. */
  readonly verified: { readonly file: string; readonly ageMs: number } | null;
  /** Set when a later restore test of the group failed. */
  readonly failed: { readonly file: string; readonly ageMs: number; readonly error: string } | null;
  /** The memory with the oldest successful restore test. */
  readonly oldest: { readonly group: string; readonly ageMs: number } | null;
}

/** @param time milliseconds since 1970, by Valkey's clock, which is read at the same time */
export async function nightlyStatus(
  nights: NightlyExports,
  group: string,
  time: Promise<number>,
): Promise<NightlyStatus> {
  const [night, drills, now] = await Promise.all([nights.last(), nights.restoreTests(), time]);
  const { verified = null, failed = null } = drills.get(group) ?? {};
  return {
    next: night.next,
    last: lastOf(night),
    verified: verified && { file: verified.file, ageMs: ageMs(verified.at, now) },
    failed: failed && { file: failed.file, ageMs: ageMs(failed.at, now), error: failed.said },
    oldest: oldestOf(drills, now),
  };
}

const lastOf = ({ last, outcome }: NightlyState): NightlyStatus['last'] => last && { tick: last, outcome };

function oldestOf(drills: ReadonlyMap<string, RestoreTest>, now: number): NightlyStatus['oldest'] {
  const ages = [...drills].flatMap(([group, { verified }]) =>
    verified ? [{ group, ageMs: ageMs(verified.at, now) }] : [],
  );
  return ages.toSorted((a, b) => b.ageMs - a.ageMs)[0] ?? null;
}

const ageMs = (at: Date, now: number): number => millisecondsBetween(at.getTime(), now);

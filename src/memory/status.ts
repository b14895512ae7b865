import { InvalidInputError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import type { GraphCounts } from '../graph/queries/meta.ts';
import { type JournalSize, openJournal } from '../journal/journal.ts';
import { isLost } from '../journal/loss.ts';
import type { WorkerNote } from '../queue/alive.ts';
import type { LastNight, Nights, Outcome } from '../queue/nightly-exports.ts';
import type { Counts, Producer, QueueName } from '../queue/producer.ts';
import type { RestoreTest } from '../schedule/restore-tests.ts';
import type { ModelSigns } from '../telemetry/vital-signs.ts';
import { SECOND } from '../time.ts';
import { type ReembeddingNote, readReembedding } from '../valkey/reembedding.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';

/** The answer of a server with its response time in milliseconds, or the reason why there is none. */
export type Asked<T> = ({ readonly ok: true; readonly ms: number } & T) | { readonly ok: false; readonly said: string };

export interface QueueStatus extends Counts {
  /** Seconds that the oldest job has waited that is neither done nor given up; null for none. */
  readonly oldestWaiting: number | null;
}

export interface ValkeyStatus {
  readonly store: QueueStatus;
  readonly export: QueueStatus;
  /** How many connections take `store` jobs. */
  readonly workers: number;
  /** The connected workers with a heartbeat in the last 15 s. */
  readonly alive: readonly WorkerNote[];
  /** The worst state of each model that a living worker saw. */
  readonly models: Readonly<Record<string, ModelSigns>>;
  /** Seconds since an episode was last committed; null for never. */
  readonly lastCommit: number | null;
  readonly nightly: NightlyStatus;
  /** Changes of the group's graph in the journal. */
  readonly journal: JournalSize;
  /** The progress of a change of the group's embedder; null when none is running. */
  readonly reembedding: ReembeddingNote | null;
  /** Why the job that was tried last, of those that wait for another try or were given up, failed. */
  readonly lastFailure?: string;
}

/** The state of the memory, from the servers and this machine's disk. */
export interface Status {
  readonly group: string;
  readonly valkey: Asked<ValkeyStatus>;
  readonly falkordb: Asked<{
    readonly graph: GraphCounts;
    /** How many episodes with text have passages; a worker adds the others automatically. */
    readonly passages: { readonly cut: number; readonly episodes: number };
    /** True when the graph has lost changes, as far as Valkey knows; it must then be rebuilt. */
    readonly lacksChanges: boolean;
  }>;
  /** What this machine keeps on disk while Valkey is away: episodes, and files that could not be handed in. */
  readonly spool: { readonly folder: string; readonly episodes: number; readonly unreadable: number };
}

/** @throws InvalidInputError when `group` is not a valid name; a server that does not answer is part of the result */
export async function askForStatus(services: Services, options: GroupOptions): Promise<Status> {
  const group = services.group(options.group);
  const [{ spool }, valkey, falkordb] = await Promise.all([
    services.spooling(),
    answerOf(async () => valkeyStatus(await services.producer(), group)),
    answerOf(async () => {
      const [{ countGraph }, { countCut }, { PASSAGE_VERSION }] = await Promise.all([
        import('../graph/queries/meta.ts'),
        import('../graph/queries/uncut-episodes.ts'),
        import('../passages/passages.ts'),
      ]);
      const graph = (await services.graphs()).group(group);
      const [counts, passages] = [await countGraph(graph), await countCut(graph, PASSAGE_VERSION)];
      return { graph: counts, passages, lacksChanges: await lacksChanges(services, graph) };
    }),
  ]);
  // Measured last and one by one: loading and connecting would take longer than the answer.
  const valkeyTimed = await timed(valkey, async () => void (await (await services.producer()).ping()));
  const falkordbTimed = await timed(falkordb, async () => (await services.graphs()).ping());
  return {
    group,
    valkey: valkeyTimed,
    falkordb: falkordbTimed,
    spool: { folder: spool.folder, episodes: spool.count(), unreadable: spool.aside() },
  };
}

async function lacksChanges(services: Services, graph: GroupGraph): Promise<boolean> {
  try {
    return await isLost((await services.producer()).ask, graph);
  } catch {
    // The reason is in the same status.
    return false;
  }
}

async function valkeyStatus(producer: Producer, group: string): Promise<ValkeyStatus> {
  const { workers: alive, lastCommit, now } = await producer.alive();
  const queue = async (name: QueueName): Promise<QueueStatus> => {
    const [counts, since] = await Promise.all([producer.counts(name), producer.oldestWaiting(name)]);
    return { ...counts, oldestWaiting: since === null ? null : secondsBetween(since, now) };
  };
  const lastFailure = (await producer.lastFailure('store')) ?? (await producer.lastFailure('export'));
  return {
    store: await queue('store'),
    export: await queue('export'),
    workers: await producer.workers('store'),
    alive,
    models: worstSigns(alive),
    lastCommit: lastCommit === null ? null : secondsBetween(lastCommit, now),
    nightly: await nightlyStatus(producer.nights, group, now),
    journal: await producer.ask((valkey) => openJournal(valkey).size(group)),
    reembedding: await producer.ask((valkey) => readReembedding(valkey, group)),
    ...(lastFailure !== undefined && { lastFailure }),
  };
}

const BREAKERS: readonly ModelSigns['breaker'][] = ['closed', 'half-open', 'open'];

function worstSigns(workers: readonly WorkerNote[]): Record<string, ModelSigns> {
  const worst: Record<string, ModelSigns> = {};
  for (const { models } of workers)
    for (const [model, signs] of Object.entries(models)) {
      const previous = worst[model];
      worst[model] = previous ? worse(previous, signs) : signs;
    }
  return worst;
}

function worse(first: ModelSigns, second: ModelSigns): ModelSigns {
  return {
    breaker: BREAKERS[Math.max(BREAKERS.indexOf(first.breaker), BREAKERS.indexOf(second.breaker))] ?? 'closed',
    ok: first.ok + second.ok,
    failed: first.failed + second.failed,
    failedInARow: Math.max(first.failedInARow, second.failedInARow),
  };
}

type Failed = { readonly ok: false; readonly said: string };

async function answerOf<T>(ask: () => Promise<T>): Promise<({ readonly ok: true } & T) | Failed> {
  try {
    return { ok: true, ...(await ask()) };
  } catch (error) {
    if (error instanceof InvalidInputError) throw error;
    return { ok: false, said: (error as Error).message };
  }
}

/** Adds the response time of the smallest query on an open connection. */
async function timed<T>(answer: ({ readonly ok: true } & T) | Failed, ping: () => Promise<void>): Promise<Asked<T>> {
  if (!answer.ok) return answer;
  const began = performance.now();
  const pinged = await answerOf(async () => {
    await ping();
    return { ms: Math.round((performance.now() - began) * 10) / 10 };
  });
  return pinged.ok ? { ...answer, ms: pinged.ms } : pinged;
}

const secondsBetween = (from: number, to: number): number => Math.max(0, Math.round((to - from) / SECOND));

/** Whether memories are exported by themselves, and whether what was written can be restored. Ages are seconds. */
export interface NightlyStatus {
  /** The next due time; null when the schedule is off or has never run. */
  readonly next: Date | null;
  /** The last time that it was due, and what came of that, where it is known; null for never. */
  readonly last: { readonly tick: Date; readonly outcome: Outcome | null } | null;
  /** The group's last archive that passed a restore test; null for none. */
  readonly verified: { readonly file: string; readonly age: number } | null;
  /** Set when a later restore test of the group failed. */
  readonly failed: { readonly file: string; readonly age: number; readonly said: string } | null;
  /** The memory with the oldest successful restore test. */
  readonly oldest: { readonly group: string; readonly age: number } | null;
}

/** @param now milliseconds since 1970, by Valkey's clock */
export async function nightlyStatus(nights: Nights, group: string, now: number): Promise<NightlyStatus> {
  const [night, drills] = await Promise.all([nights.last(), nights.restoreTests()]);
  const { verified = null, failed = null } = drills.get(group) ?? {};
  return {
    next: night.next,
    last: lastOf(night),
    verified: verified && { file: verified.file, age: age(verified.at, now) },
    failed: failed && { file: failed.file, age: age(failed.at, now), said: failed.said },
    oldest: oldestOf(drills, now),
  };
}

const lastOf = ({ last, outcome }: LastNight): NightlyStatus['last'] => last && { tick: last, outcome };

function oldestOf(drills: ReadonlyMap<string, RestoreTest>, now: number): NightlyStatus['oldest'] {
  const ages = [...drills].flatMap(([group, { verified }]) =>
    verified ? [{ group, age: age(verified.at, now) }] : [],
  );
  return ages.toSorted((a, b) => b.age - a.age)[0] ?? null;
}

const age = (at: Date, now: number): number => Math.max(0, Math.round((now - at.getTime()) / SECOND));

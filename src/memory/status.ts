import { InvalidInput } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import type { GraphCounts } from '../graph/queries/meta.ts';
import { type JournalSize, openJournal } from '../journal/journal.ts';
import { isLost } from '../journal/loss.ts';
import type { WorkerNote } from '../queue/alive.ts';
import type { LastNight, Nights, Outcome } from '../queue/nightly-exports.ts';
import type { Counts, Producer, QueueName } from '../queue/producer.ts';
import type { Drill } from '../schedule/restore-tests.ts';
import type { ModelSigns } from '../telemetry/vital-signs.ts';
import { SECOND } from '../time.ts';
import { type ReembeddingNote, readReembedding } from '../valkey/reembedding.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';

/** What a server that answered told, with how long that took in milliseconds; else only why it could not be asked. */
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
  /** The workers that are connected and told of themselves within the last 15 s. */
  readonly alive: readonly WorkerNote[];
  /** Of each model the worst that a living worker saw. */
  readonly models: Readonly<Record<string, ModelSigns>>;
  /** Seconds since an episode was last committed; null for never. */
  readonly lastCommit: number | null;
  readonly nightly: NightlyStatus;
  /** Changes of the group's graph that Valkey keeps beside it. */
  readonly journal: JournalSize;
  /** How far the change of the group's embedder has come; null while none is under way. */
  readonly reembedding: ReembeddingNote | null;
  /** Why the job that was tried last, of those that wait for another try or were given up, failed. */
  readonly lastFailure?: string;
}

/** How the memory is, as far as the servers and this machine's disk tell. */
export interface Status {
  readonly group: string;
  readonly valkey: Asked<ValkeyStatus>;
  readonly falkordb: Asked<{
    readonly graph: GraphCounts;
    /** Of how many episodes with text how many have passages; a worker cuts the others by itself. */
    readonly passages: { readonly cut: number; readonly episodes: number };
    /** True when the graph lost changes that it had taken, as far as Valkey knows; then it must be rebuilt. */
    readonly lacksChanges: boolean;
  }>;
  /** What this machine keeps on disk while Valkey is away: episodes, and files that could not be handed in. */
  readonly spool: { readonly folder: string; readonly episodes: number; readonly unreadable: number };
}

/** @throws InvalidInput when `group` is not a valid name; a server that does not answer is told and not thrown */
export async function askForStatus(services: Services, options: GroupOptions): Promise<Status> {
  const group = services.group(options.group);
  const [{ spool }, valkey, falkordb] = await Promise.all([
    services.spooling(),
    asked(async () => valkeyStatus(await services.producer(), group)),
    asked(async () => {
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
  // One after the other and not before: to load and to connect takes longer than any answer.
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
    // Why Valkey or FalkorDB cannot be asked is said beside it.
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
  const all: Record<string, ModelSigns> = {};
  for (const { models } of workers)
    for (const [model, signs] of Object.entries(models)) {
      const known = all[model];
      all[model] = known ? both(known, signs) : signs;
    }
  return all;
}

function both(one: ModelSigns, other: ModelSigns): ModelSigns {
  return {
    breaker: BREAKERS[Math.max(BREAKERS.indexOf(one.breaker), BREAKERS.indexOf(other.breaker))] ?? 'closed',
    ok: one.ok + other.ok,
    failed: one.failed + other.failed,
    failedInARow: Math.max(one.failedInARow, other.failedInARow),
  };
}

type Failed = { readonly ok: false; readonly said: string };

async function asked<T>(ask: () => Promise<T>): Promise<({ readonly ok: true } & T) | Failed> {
  try {
    return { ok: true, ...(await ask()) };
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    return { ok: false, said: (error as Error).message };
  }
}

/** Adds how long a server that is connected takes for the least question. */
async function timed<T>(told: ({ readonly ok: true } & T) | Failed, ping: () => Promise<void>): Promise<Asked<T>> {
  if (!told.ok) return told;
  const began = performance.now();
  const pinged = await asked(async () => {
    await ping();
    return { ms: Math.round((performance.now() - began) * 10) / 10 };
  });
  return pinged.ok ? { ...told, ms: pinged.ms } : pinged;
}

const secondsBetween = (from: number, to: number): number => Math.max(0, Math.round((to - from) / SECOND));

/** Whether memories are exported by themselves, and whether what was written can be restored. Ages are seconds. */
export interface NightlyStatus {
  /** When it is due next; null while the schedule is off or nobody ever kept it. */
  readonly next: Date | null;
  /** The last time that it was due, and what came of that, where it is known; null for never. */
  readonly last: { readonly tick: Date; readonly outcome: Outcome | null } | null;
  /** The last archive of the group that was restored on trial and found right; null for none. */
  readonly verified: { readonly file: string; readonly age: number } | null;
  /** There when a later trial showed that an archive of the group cannot be restored. */
  readonly failed: { readonly file: string; readonly age: number; readonly said: string } | null;
  /** Of all memories that were ever tried, the one for which it went well the longest time ago. */
  readonly oldest: { readonly group: string; readonly age: number } | null;
}

/** @param now milliseconds since 1970, by Valkey's clock */
export async function nightlyStatus(nights: Nights, group: string, now: number): Promise<NightlyStatus> {
  const [night, drills] = await Promise.all([nights.last(), nights.drills()]);
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

function oldestOf(drills: ReadonlyMap<string, Drill>, now: number): NightlyStatus['oldest'] {
  const ages = [...drills].flatMap(([group, { verified }]) =>
    verified ? [{ group, age: age(verified.at, now) }] : [],
  );
  return ages.toSorted((a, b) => b.age - a.age)[0] ?? null;
}

const age = (at: Date, now: number): number => Math.max(0, Math.round((now - at.getTime()) / SECOND));

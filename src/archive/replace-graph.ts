import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { InvalidInputError, isFailure, StaleFenceError, StoreUnreachableError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readChangeHead, WRITE_FENCE } from '../graph/queries/fence.ts';
import { isEmptyGraph } from '../graph/queries/meta-nodes.ts';
import type { Scratch } from '../graph/scratch.ts';
import type { BaseArchive } from '../journal/entry.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { recordGraphHead } from '../journal/lost-changes.ts';
import { MINUTE } from '../time.ts';
import { replaceVersion } from '../valkey/keys.ts';
import type { Lease, Leases } from '../valkey/lease.ts';

const ATTEMPTS = 20;

export interface ReplaceOptions {
  /** False: only if the group's graph is empty. */
  readonly replace: boolean;
  /** The loaded archive; undefined for a graph that continues the group's. */
  readonly base?: BaseArchive;
  /** Default: a journal without a key. */
  readonly journal?: Journal;
  /** The group's lease, if the caller holds it; it stays held. */
  readonly lease?: Lease;
  /** Called under the lease before each attempt to swap. */
  readonly prepare?: () => Promise<void>;
}

/**
 * Replaces the group's graph with a loaded one, under the lease, and makes every reader see it. A commit begun before is refused
 * afterwards, since the graph has another fence.
 * @returns id of the first journal entry of the new graph; null for none
 * @throws InvalidInputError when it is not empty; StaleFenceError, TimedOutError
 */
export async function replaceGraph(
  scratch: Scratch,
  valkey: Redis,
  leases: Leases,
  { replace, base, prepare = async () => {}, journal = openJournal(valkey), ...given }: ReplaceOptions,
): Promise<string | null> {
  const { graph } = scratch;
  const lease = given.lease ?? (await leases.take(graph.group));
  try {
    await prepare();
    const noted = await takeFence(graph, journal, lease.fence, base);
    try {
      await swap(scratch, lease.isHeld, replace, prepare);
    } catch (error) {
      // If the answer was lost, the swap may have happened; then the entry stays.
      const isRefused = error instanceof StaleFenceError || error instanceof InvalidInputError;
      if (isRefused && noted) await journal.removeRefused(graph.group, noted.id, noted.changeId).catch(() => {});
      if (!isRefused) await replaceVersion(valkey, graph.group).catch(() => {});
      throw error;
    }
    await recordGraphHead(valkey, graph.group, { token: noted ? lease.fence : 0, changeId: noted?.changeId ?? '' });
    await replaceVersion(valkey, graph.group);
    return noted?.id ?? null;
  } finally {
    if (!given.lease) await lease.release();
  }
}

/**
 * Writes the lease into a scratch graph and appends it to the journal, so that later changes have a predecessor.
 * @returns the entry; undefined for a continued graph that was never written under a lease
 */
async function takeFence(
  graph: GroupGraph,
  journal: Journal,
  fence: number,
  base: BaseArchive | undefined,
): Promise<{ readonly id: string; readonly changeId: string } | undefined> {
  const { token, changeId: predecessor } = await readChangeHead(graph);
  if (!base && token === 0) return undefined;
  const changeId = randomUUID();
  const params = { fence, mark: changeId, ...(!base && { seen: token, after: predecessor }) };
  const id = await journal.append(graph.group, {
    ...{ query: WRITE_FENCE, params, replaces: true },
    ...(base && { base }),
  });
  await graph.write(WRITE_FENCE, params);
  return { id, changeId };
}

async function swap(
  scratch: Scratch,
  isHeld: () => boolean,
  replace: boolean,
  prepare: () => Promise<void>,
): Promise<void> {
  const { group } = scratch.graph;
  let isInTheWay = false;
  // Episodes are recorded without the lease; each one that arrives in between costs an attempt.
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const isDone = await scratch.takePlace(async (isEmpty) => {
      isInTheWay = !isEmpty && !replace;
      if (isInTheWay) return false;
      await prepare();
      return isHeld();
    });
    if (isDone) return;
    if (isInTheWay) throw inTheWay(group);
  }
  throw new StaleFenceError(
    `The memory "${group}" kept changing during the restore; restore again when fewer texts are stored.`,
  );
}

/** A large graph may reach replicas much later than a commit. */
const REPLICATED_WITHIN = 1 * MINUTE;

/** @throws StoreUnreachableError when too few replicas get the graph that was put in place, for FALKORDB_COPIES */
export async function confirmReplaced(graphs: Graphs, group: string): Promise<void> {
  try {
    await graphs.confirm(group, [], REPLICATED_WITHIN);
  } catch (error) {
    if (!isFailure(error, 'StoreUnreachableError')) throw error;
    throw new StoreUnreachableError(
      `The memory "${group}" was replaced, but a failover may undo that: ${error.message}`,
    );
  }
}

/** Called before the work, which may take long. @throws InvalidInputError when the group's graph is not empty */
export async function checkEmpty(graph: GroupGraph): Promise<void> {
  if (!(await isEmptyGraph(graph))) throw inTheWay(graph.group);
}

function inTheWay(group: string): InvalidInputError {
  return new InvalidInputError(
    `The memory "${group}" is not empty; restore into another memory (--group), or replace its contents (--replace).`,
  );
}

import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { InvalidInput, StaleFence } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readMark, WRITE_FENCE } from '../graph/queries/fence.ts';
import { isEmpty } from '../graph/queries/meta.ts';
import type { Scratch } from '../graph/scratch.ts';
import type { Base } from '../journal/entry.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { settleLoss } from '../journal/loss.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { Lease, Leases } from '../valkey/lease.ts';

const ATTEMPTS = 20;

export interface Replacing {
  /** False: only where the group's graph is empty. */
  readonly replace: boolean;
  /** The archive that was loaded; none for a graph that goes on from where the group's was. */
  readonly base?: Base;
  /** Default: one that makes its entries authentic with no key. */
  readonly journal?: Journal;
  /** The group's, where the caller holds it; it stays held. */
  readonly lease?: Lease;
  /** Done under the lease before each attempt to swap, when nobody else changes the group. */
  readonly prepare?: () => Promise<void>;
}

/**
 * Puts a loaded graph in the place of its group's, under the lease, and makes every reader see it. Whoever had begun a commit
 * is refused afterwards, since the graph has another fence.
 * @returns id of the journal's entry from which on it tells of that graph; null for none
 * @throws InvalidInput when it is not empty; StaleFence, TimedOut
 */
export async function replaceGraph(
  scratch: Scratch,
  valkey: Redis,
  leases: Leases,
  { replace, base, prepare = async () => {}, journal = openJournal(valkey), ...given }: Replacing,
): Promise<string | null> {
  const { graph } = scratch;
  const lease = given.lease ?? (await leases.take(graph.group));
  try {
    await prepare();
    const noted = await takeFence(graph, journal, lease.fence, base);
    try {
      await swap(scratch, lease.isHeld, replace, prepare);
    } catch (error) {
      // Of a swap whose answer was lost nobody knows whether it came about; then the entry stays.
      const isRefused = error instanceof StaleFence || error instanceof InvalidInput;
      if (isRefused && noted) await journal.strike(graph.group, noted.id, noted.mark).catch(() => {});
      if (!isRefused) await raiseVersion(valkey, graph.group).catch(() => {});
      throw error;
    }
    await settleLoss(valkey, graph.group, { token: noted ? lease.fence : 0, mark: noted?.mark ?? '' });
    await raiseVersion(valkey, graph.group);
    return noted?.id ?? null;
  } finally {
    if (!given.lease) await lease.release();
  }
}

/**
 * Writes the lease into a graph that nobody else sees, and notes it, so that the journal goes on from there.
 * @returns the entry; none for a graph that goes on and that no lease was ever needed for
 */
async function takeFence(
  graph: GroupGraph,
  journal: Journal,
  fence: number,
  base: Base | undefined,
): Promise<{ readonly id: string; readonly mark: string } | undefined> {
  const { token, mark: after } = await readMark(graph);
  if (!base && token === 0) return undefined;
  const mark = randomUUID();
  const params = { fence, mark, ...(!base && { seen: token, after }) };
  const id = await journal.note(graph.group, { query: WRITE_FENCE, params, ...(base && { base }) });
  await graph.write(WRITE_FENCE, params);
  return { id, mark };
}

async function swap(
  scratch: Scratch,
  isHeld: () => boolean,
  replace: boolean,
  prepare: () => Promise<void>,
): Promise<void> {
  const { group } = scratch.graph;
  let isInTheWay = false;
  // Episodes are recorded without the lease; each that comes in between costs an attempt.
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
  throw new StaleFence(`The memory "${group}" was written to all the time; restore again when less is stored.`);
}

/** Asked before the work, which may take long. @throws InvalidInput when the group's graph is not empty */
export async function checkEmpty(graph: GroupGraph): Promise<void> {
  if (!(await isEmpty(graph))) throw inTheWay(graph.group);
}

function inTheWay(group: string): InvalidInput {
  return new InvalidInput(
    `The memory "${group}" is not empty; restore into another memory (--group), or replace its contents (--replace).`,
  );
}

import type { Redis } from 'ioredis';
import { InvalidInput, StaleFence } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { isEmpty } from '../graph/queries/is-empty.ts';
import { writeFence } from '../graph/queries/write-fence.ts';
import type { Scratch } from '../graph/scratch.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { Leases } from '../valkey/lease.ts';

const ATTEMPTS = 20;

/**
 * Puts a loaded graph in the place of its group's, under the lease, and makes every reader see it. Whoever had begun a commit
 * is refused afterwards, since the graph has another fence.
 * @param replace false: only where the group's graph is empty
 * @throws InvalidInput when it is not empty; StaleFence, TimedOut
 */
export async function replaceGraph(scratch: Scratch, valkey: Redis, leases: Leases, replace: boolean): Promise<void> {
  const { graph } = scratch;
  const lease = await leases.take(graph.group);
  try {
    await writeFence(graph, lease.fence);
    await swap(scratch, lease.isHeld, replace);
    await raiseVersion(valkey, graph.group);
  } finally {
    await lease.release();
  }
}

async function swap(scratch: Scratch, isHeld: () => boolean, replace: boolean): Promise<void> {
  const { group } = scratch.graph;
  let isInTheWay = false;
  // Episodes are recorded without the lease; each that comes in between costs an attempt.
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const isDone = await scratch.takePlace((isEmpty) => {
      isInTheWay = !isEmpty && !replace;
      return isHeld() && !isInTheWay;
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
    `The memory "${group}" is not empty; restore into another one (--group), or put the archive in its place (--replace).`,
  );
}

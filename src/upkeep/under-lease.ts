import { StaleFence } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { type Fenced, readFence } from '../graph/queries/fence.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { UpkeepParts } from './parts.ts';

/**
 * Takes the group's lease for one write, and makes every reader see it. `write` checks again what it was worked out from and
 * gives false when that, or the fence, is no longer so.
 * @throws StaleFence, after which the task is tried again from its beginning
 */
export async function writeUnderLease(
  { valkey, leases }: Pick<UpkeepParts, 'valkey' | 'leases'>,
  graph: GroupGraph,
  write: (fenced: Fenced) => Promise<boolean>,
): Promise<void> {
  const lease = await leases.take(graph.group);
  try {
    const seen = await readFence(graph);
    if (!lease.isHeld() || !(await write({ fence: lease.fence, seen })))
      throw new StaleFence(`The memory "${graph.group}" was changed meanwhile; this task is tried again.`);
    await raiseVersion(valkey, graph.group);
  } finally {
    await lease.release();
  }
}

import { StaleFence } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readFence, stampFence } from '../graph/queries/fence.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { type Exported, exportGraph } from './export.ts';
import type { Origin } from './origin.ts';
import type { ArchiveStore } from './stores/store.ts';

export interface GroupExport {
  readonly gzip?: boolean;
  readonly origin?: Origin;
  /** Told the share that is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Exports a group as it is at one moment. The group's lease is taken for that moment only; when somebody commits before all is
 * read, what was written is thrown away and it is done once more, this time with the lease held to the end.
 * @throws StaleFence when the lease was lost; GraphLostError; what `exportGraph` throws
 */
export async function exportGroup(
  graph: GroupGraph,
  leases: Leases,
  store: ArchiveStore,
  { gzip = false, origin, onProgress = () => {} }: GroupExport = {},
): Promise<Exported> {
  const attempt = async (lease: Lease, { stamped, position }: Stamp) =>
    exportGraph(graph, store, onProgress, {
      gzip,
      ...(origin && { origin }),
      until: new Date(lease.fence),
      position,
      check: async () => {
        if ((await readFence(graph)) !== stamped)
          throw new StaleFence(`The memory "${graph.group}" was changed while it was exported; it is exported again.`);
      },
    });
  // Nobody else changes the graph in between, since the lease is ours and older ones are refused from the stamp on.
  const stamp = async (lease: Lease) => {
    // What a graph holds that lost changes must not pass for the memory's newest archive.
    await graph.checkLoss();
    return { stamped: await stampFence(graph, lease.fence), position: await graph.position() };
  };
  try {
    const moment = await held(leases, graph.group, async (lease) => ({ lease, stamp: await stamp(lease) }));
    return await attempt(moment.lease, moment.stamp);
  } catch (error) {
    if (!(error instanceof StaleFence)) throw error;
    return await held(leases, graph.group, async (lease) => attempt(lease, await stamp(lease)));
  }
}

interface Stamp {
  /** The fence that the graph has from then on, until somebody changes it. */
  readonly stamped: number;
  /** Of the journal. */
  readonly position: string;
}

async function held<T>(leases: Leases, group: string, work: (lease: Lease) => Promise<T>): Promise<T> {
  const lease = await leases.take(group);
  try {
    return await work(lease);
  } finally {
    await lease.release();
  }
}

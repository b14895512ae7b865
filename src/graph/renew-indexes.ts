import { HOUR } from '../time.ts';
import type { Leases } from '../valkey/lease.ts';
import type { GroupGraph } from './group-graph.ts';
import { readVectorIndexStats, rebuildLabelIndexes, type VectorIndexStats } from './queries/meta-nodes.ts';
import { waitUntilOperational } from './schema.ts';

type RebuildCondition = (index: Pick<VectorIndexStats, 'entries' | 'ghosts'>) => boolean;

/** Fewer ghosts are not worth a rebuild. */
const MIN_GHOSTS = 500;
/**
 * While an index of edges is built (0.2 to 0.4 s for each thousand entries), a write to that graph blocks all of FalkorDB. These are
 * the largest indexes rebuilt by day and at night; larger ones are never rebuilt (docs/falkordb.md).
 */
const [SHORT, LONG] = [2_000, 20_000];

/** As many ghosts as live entries, in an index that is rebuilt quickly. */
export const needsRebuildByDay: RebuildCondition = ({ entries, ghosts }) =>
  entries <= SHORT && ghosts >= Math.max(MIN_GHOSTS, entries);

/** Enough ghosts for a rebuild in a quiet hour. */
export const needsRebuildAtNight: RebuildCondition = ({ entries, ghosts }) => entries <= LONG && ghosts > entries / 100;

/**
 * Rebuilds worn vector indexes. FalkorDB's vector index keeps every earlier value of an entry (a ghost), so it grows with every change and
 * its recall drops.
 *
 * The group's lease is held until the indexes are ready: meanwhile FalkorDB may not find an existing entity for a query that writes,
 * and a commit would silently lose the facts of that entity (docs/falkordb.md).
 * @returns the labels of the indexes
 * @throws TimedOutError if the lease is not free within five minutes, or an index is not ready within an hour
 */
export async function renewIndexes(
  graph: GroupGraph,
  leases: Pick<Leases, 'take'>,
  needsRebuild: RebuildCondition,
): Promise<string[]> {
  // Most indexes are sound, and then no commit has to wait.
  if (!(await readVectorIndexStats(graph)).some(needsRebuild)) return [];
  const lease = await leases.take(graph.group);
  try {
    const renewed = await rebuildIndexes(graph, needsRebuild);
    await waitUntilOperational(graph, HOUR);
    return renewed;
  } finally {
    await lease.release();
  }
}

async function rebuildIndexes(graph: GroupGraph, needsRebuild: RebuildCondition): Promise<string[]> {
  const staleIndexes = (await readVectorIndexStats(graph)).filter(needsRebuild);
  const renewed: string[] = [];
  for (const index of staleIndexes) {
    try {
      await rebuildLabelIndexes(graph, index);
      renewed.push(index.label);
    } catch (error) {
      // A worker of an earlier release, which does not take the lease, rebuilt the index after our check.
      if (!(error instanceof Error && /already indexed|no such index/i.test(error.message))) throw error;
    }
  }
  return renewed;
}

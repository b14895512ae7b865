import type { GroupGraph } from '../group-graph.ts';
import { type Extent, exportExtent } from './export-extent.ts';
import { type Mark, readMark } from './read-mark.ts';

/** What changes with nearly every change of a graph, and is read quickly. */
export type Outline = Extent & Mark & { readonly committed: number; readonly removed: number };

export async function readOutline(graph: GroupGraph): Promise<Outline> {
  const [extent, mark, [noted]] = await Promise.all([
    exportExtent(graph),
    readMark(graph),
    graph.read<{ committed: number; removed: number }>(
      'MATCH (m:_Meta) RETURN count(m.committed_at) AS committed, count(m.removed_at) AS removed',
    ),
  ]);
  return { ...extent, ...mark, committed: noted?.committed ?? 0, removed: noted?.removed ?? 0 };
}

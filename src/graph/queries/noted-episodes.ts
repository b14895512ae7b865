import type { GroupGraph } from '../group-graph.ts';
import { episodeKey } from './record-episode.ts';

/** Which of the episodes the graph has heard of, with whether nothing is left to be done with them: they are committed, or were removed. */
export async function notedEpisodes(
  graph: GroupGraph,
  uuids: readonly string[],
): Promise<ReadonlyMap<string, { readonly isDone: boolean }>> {
  const rows = await graph.read<{ uuid: string; isDone: boolean }>(
    `UNWIND $episodes AS x
     MATCH (k:_Meta {key: x.key})
     RETURN x.uuid AS uuid, k.committed_at IS NOT NULL OR k.removed_at IS NOT NULL AS isDone`,
    { episodes: uuids.map((uuid) => ({ uuid, key: episodeKey(uuid) })) },
  );
  return new Map(rows.map(({ uuid, isDone }) => [uuid, { isDone }]));
}

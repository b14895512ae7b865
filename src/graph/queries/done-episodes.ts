import type { GroupGraph } from '../group-graph.ts';
import { episodeKey } from './record-episode.ts';

/** Which of the episodes are committed, or were removed. @param uuids of episodes */
export async function doneEpisodes(graph: GroupGraph, uuids: readonly string[]): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $episodes AS x
     MATCH (k:_Meta {key: x.key}) WHERE k.committed_at IS NOT NULL OR k.removed_at IS NOT NULL
     RETURN x.uuid AS uuid`,
    { episodes: uuids.map((uuid) => ({ uuid, key: episodeKey(uuid) })) },
  );
  return rows.map(({ uuid }) => uuid);
}

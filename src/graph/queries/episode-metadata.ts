import type { GroupGraph } from '../group-graph.ts';
import { episodeKey } from './record-episode.ts';

/** The metadata of those of some episodes that have any, as JSON text by uuid. */
export async function episodeMetadata(graph: GroupGraph, uuids: readonly string[]): Promise<Map<string, string>> {
  const rows = await graph.read<{ uuid: string; metadata: string }>(
    `UNWIND $episodes AS x
     MATCH (m:_Meta {key: x.key}) WHERE m.metadata IS NOT NULL
     RETURN x.uuid AS uuid, m.metadata AS metadata`,
    { episodes: uuids.map((uuid) => ({ uuid, key: episodeKey(uuid) })) },
  );
  return new Map(rows.map(({ uuid, metadata }) => [uuid, metadata]));
}

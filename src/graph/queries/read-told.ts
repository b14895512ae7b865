import type { GroupGraph } from '../group-graph.ts';

/** What an episode that stays tells, as JSON; see `ingest/told.ts`. */
export interface ToldRow {
  readonly episode: string;
  readonly told: string | null;
}

/** Of these episodes, in the order in which they were committed, those of one commit in that of time. */
export function readToldBy(graph: GroupGraph, episodes: readonly string[]): Promise<ToldRow[]> {
  return graph.read(
    `UNWIND $episodes AS uuid
     MATCH (k:_Meta {key: 'episode:' + uuid})
     WITH uuid, k
     MATCH (p:Episodic {uuid: uuid})
     WITH uuid, k.told AS told, coalesce(k.committed_at, '') AS committed, p.valid_at AS said
     RETURN uuid AS episode, told ORDER BY committed, said, uuid`,
    { episodes },
  );
}

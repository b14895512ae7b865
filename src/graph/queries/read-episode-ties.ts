import type { GroupGraph } from '../group-graph.ts';

/** What an episode has to do with. */
export interface EpisodeTies {
  readonly uuid: string;
  /** False for one that was never recorded, or is gone. */
  readonly isThere: boolean;
  /** True when it was taken out before. */
  readonly wasRemoved: boolean;
  /** uuids of the facts that it states or ended. */
  readonly facts: readonly string[];
  /** See `ingest/told.ts`. */
  readonly told: string | null;
  /** uuids of the entities that it names. */
  readonly entities: readonly string[];
}

/** One for each uuid that is there or was, in no order. */
export function readEpisodeTies(graph: GroupGraph, uuids: readonly string[]): Promise<EpisodeTies[]> {
  return graph.read(
    `UNWIND $uuids AS uuid
     OPTIONAL MATCH (p:Episodic {uuid: uuid})
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + uuid})
     OPTIONAL MATCH (p)-[:MENTIONS]->(n:Entity)
     WITH uuid, p, k, collect(DISTINCT n.uuid) AS entities
     WHERE p IS NOT NULL OR k IS NOT NULL
     RETURN uuid, p IS NOT NULL AS isThere, k.removed_at IS NOT NULL AS wasRemoved,
            coalesce(p.entity_edges, []) AS facts, k.told AS told, entities`,
    { uuids },
  );
}

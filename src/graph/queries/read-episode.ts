import type { GroupGraph } from '../group-graph.ts';

/** What an episode has to do with. */
export interface EpisodeTies {
  /** uuids of the facts that it states or ended. */
  readonly facts: readonly string[];
  readonly entities: readonly {
    readonly uuid: string;
    /** Number of episodes that name it. */
    readonly mentions: number;
    /** Number of its facts. */
    readonly degree: number;
  }[];
  /** Keys of the `_Meta` nodes that note an ending which it told. */
  readonly endings: readonly string[];
}

/** Undefined when the episode is not there; `removed` when it was. */
export async function readEpisodeTies(
  graph: GroupGraph,
  uuid: string,
): Promise<{ fence: number; ties: EpisodeTies | undefined; removed: boolean }> {
  const [row] = await graph.read<{ fence: number; ties: EpisodeTies | null; removed: boolean }>(
    `OPTIONAL MATCH (m:_Meta {key: 'fence'})
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + $uuid})
     WITH coalesce(m.token, 0) AS fence, k.removed_at IS NOT NULL AS removed
     OPTIONAL MATCH (p:Episodic {uuid: $uuid})
     CALL {
       WITH p
       OPTIONAL MATCH (p)-[:MENTIONS]->(n:Entity)
       WITH DISTINCT n WHERE n IS NOT NULL
       RETURN collect({uuid: n.uuid, mentions: indegree(n, 'MENTIONS'),
         degree: indegree(n, 'RELATES_TO') + outdegree(n, 'RELATES_TO')}) AS entities
     }
     CALL {
       OPTIONAL MATCH (e:_Meta) WHERE e.endings IS NOT NULL AND any(it IN e.endings WHERE it STARTS WITH $uuid)
       RETURN collect(e.key) AS endings
     }
     RETURN fence, removed, CASE WHEN p IS NULL THEN null
       ELSE {facts: coalesce(p.entity_edges, []), entities: entities, endings: endings} END AS ties`,
    { uuid },
  );
  return { fence: row?.fence ?? 0, ties: row?.ties ?? undefined, removed: row?.removed ?? false };
}

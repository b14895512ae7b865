import type { GroupGraph } from '../group-graph.ts';

/** What an entity has to do with. */
export interface EntityTies {
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** uuids of the episodes that name it. */
  readonly episodes: readonly string[];
  /** Number of its facts. */
  readonly degree: number;
  /** Other names that are noted for it. */
  readonly aliases: readonly { readonly key: string; readonly alias: string }[];
}

export function readEntityTies(graph: GroupGraph, uuids: readonly string[]): Promise<EntityTies[]> {
  return graph.read(
    `CALL {
       OPTIONAL MATCH (a:_Alias) WHERE a.entity IN $uuids
       RETURN collect({entity: a.entity, key: a.key, alias: a.alias}) AS noted
     }
     UNWIND $uuids AS uuid
     MATCH (n:Entity {uuid: uuid})
     OPTIONAL MATCH (p:Episodic)-[:MENTIONS]->(n)
     WITH n, noted, collect(DISTINCT p.uuid) AS episodes
     RETURN n.uuid AS uuid, n.name AS name, labels(n) AS labels, episodes,
            indegree(n, 'RELATES_TO') + outdegree(n, 'RELATES_TO') AS degree,
            [it IN noted WHERE it.entity = n.uuid] AS aliases`,
    { uuids },
  );
}

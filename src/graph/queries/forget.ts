import type { GroupGraph } from '../group-graph.ts';

/** Keys of the `_Meta` nodes that note an ending which one of the episodes told, or that has to do with one of the entities. */
export async function readEndings(
  graph: GroupGraph,
  episodes: readonly string[],
  entities: readonly string[],
): Promise<string[]> {
  const rows = await graph.read<{ key: string }>(
    `MATCH (e:_Meta) WHERE e.endings IS NOT NULL AND (any(it IN e.endings WHERE left(it, 36) IN $episodes)
       OR any(it IN $entities WHERE e.key CONTAINS it))
     RETURN e.key AS key`,
    { episodes, entities },
  );
  return rows.map(({ key }) => key);
}

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

/** What an episode has to do with. */
export interface EpisodeTies {
  readonly uuid: string;
  /** False for one that was never recorded, or is gone. */
  readonly isThere: boolean;
  /** True when it was taken out before. */
  readonly wasRemoved: boolean;
  /** uuids of the facts that it states or ended. */
  readonly facts: readonly string[];
  /** See `ingest/mentions.ts`. */
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

/** What an episode that stays tells, as JSON; see `ingest/mentions.ts`. */
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

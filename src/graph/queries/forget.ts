import type { GroupGraph } from '../group-graph.ts';

/** Keys of the `_Meta` nodes with an ending that one of the episodes states, or that concerns one of the entities. */
export async function readEndings(
  graph: GroupGraph,
  episodes: readonly string[],
  entities: readonly string[],
): Promise<string[]> {
  const rows = await graph.read<{ key: string }>(
    `MATCH (e:_Meta) WHERE e.endings IS NOT NULL AND (any(ending IN e.endings WHERE left(ending, 36) IN $episodes)
       OR any(entity IN $entities WHERE e.key CONTAINS entity))
     RETURN e.key AS key`,
    { episodes, entities },
  );
  return rows.map(({ key }) => key);
}

/** The episodes, facts and aliases of an entity. */
export interface EntityLinks {
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** uuids of the episodes that mention it. */
  readonly episodes: readonly string[];
  /** Number of its facts. */
  readonly degree: number;
  /** Its stored aliases. */
  readonly aliases: readonly { readonly key: string; readonly alias: string }[];
}

export function readEntityLinks(graph: GroupGraph, uuids: readonly string[]): Promise<EntityLinks[]> {
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
            [alias IN noted WHERE alias.entity = n.uuid] AS aliases`,
    { uuids },
  );
}

/** The facts, mentions and entities of an episode. */
export interface EpisodeLinks {
  readonly uuid: string;
  /** False for an episode that was never recorded or was removed. */
  readonly isThere: boolean;
  /** True if the episode was removed. */
  readonly wasRemoved: boolean;
  /** uuids of the facts that it states or ended. */
  readonly facts: readonly string[];
  /** See `ingest/mention-notes.ts`. */
  readonly mentions: string | null;
  /** uuids of the entities that it mentions. */
  readonly entities: readonly string[];
}

/** A row for each uuid of a present or removed episode, unordered. */
export function readEpisodeLinks(graph: GroupGraph, uuids: readonly string[]): Promise<EpisodeLinks[]> {
  return graph.read(
    `UNWIND $uuids AS uuid
     OPTIONAL MATCH (p:Episodic {uuid: uuid})
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + uuid})
     OPTIONAL MATCH (p)-[:MENTIONS]->(n:Entity)
     WITH uuid, p, k, collect(DISTINCT n.uuid) AS entities
     WHERE p IS NOT NULL OR k IS NOT NULL
     RETURN uuid, p IS NOT NULL AS isThere, k.removed_at IS NOT NULL AS wasRemoved,
            coalesce(p.entity_edges, []) AS facts, k.told AS mentions, entities`,
    { uuids },
  );
}

/** The stored mentions of an episode that stays, as JSON; see `ingest/mention-notes.ts`. */
export interface StoredMentionsRow {
  readonly episode: string;
  readonly mentions: string | null;
}

/** The mentions of these episodes, sorted by commit and then by time. */
export function readStoredMentions(graph: GroupGraph, episodes: readonly string[]): Promise<StoredMentionsRow[]> {
  return graph.read(
    `UNWIND $episodes AS uuid
     MATCH (k:_Meta {key: 'episode:' + uuid})
     WITH uuid, k
     MATCH (p:Episodic {uuid: uuid})
     WITH uuid, k.told AS mentions, coalesce(k.committed_at, '') AS committed, p.valid_at AS time
     RETURN uuid AS episode, mentions ORDER BY committed, time, uuid`,
    { episodes },
  );
}

/**
 * Episodes with a passage that has all terms of at least one conjunction, sorted by uuid; none if the graph has no such index.
 * @param after last uuid of the previous page; empty for the first page
 */
export async function episodesWithAllTerms(
  graph: GroupGraph,
  conjunctions: readonly (readonly string[])[],
  after: string,
  limit: number,
): Promise<string[]> {
  try {
    const rows = await graph.read<{ episode: string }>(
      `CALL db.idx.fulltext.queryNodes('_Passage', $terms) YIELD node AS p
       WITH DISTINCT p.episode AS episode WHERE episode > $after
       RETURN episode ORDER BY episode LIMIT $limit`,
      { terms: conjunctions.map((terms) => `(${terms.join(' ')})`).join('|'), after, limit },
    );
    return rows.map(({ episode }) => episode);
  } catch (error) {
    if (error instanceof Error && /index|attribute/i.test(error.message)) return [];
    throw error;
  }
}

import type { GroupGraph } from '../group-graph.ts';
import { eachTerm } from './each-term.ts';

/** As much of an episode as a briefing needs; times in the graph's format. */
export interface BriefedEpisode {
  readonly uuid: string;
  /** Its beginning. */
  readonly content: string;
  /** Its last characters. */
  readonly tail: string;
  readonly sourceDescription: string;
  readonly referenceTime: string;
  /** The beginning of its metadata, as JSON; null for none. */
  readonly metadata: string | null;
}

const EPISODE_COLUMNS = `p.uuid AS uuid, left(p.content, $head) AS content, right(p.content, $tail) AS tail,
            p.source_description AS sourceDescription, p.valid_at AS referenceTime, left(k.metadata, $metadata) AS metadata`;
const RETURN_EPISODES = `OPTIONAL MATCH (k:_Meta {key: 'episode:' + p.uuid})
     RETURN ${EPISODE_COLUMNS} ORDER BY referenceTime DESC, uuid`;

/** Characters that are read of each episode. */
export interface Extent {
  readonly head: number;
  readonly tail: number;
  readonly metadata: number;
}

export interface NotedEpisode extends BriefedEpisode {
  readonly notes: readonly {
    readonly kind: string;
    readonly text: string;
    readonly about: string;
    readonly state: string;
  }[];
}

/** The latest episodes in which a model has read rules or tasks, with these, the latest first. */
export function episodesWithNotes(
  graph: GroupGraph,
  keys: readonly string[],
  limit: number,
  extent: Extent,
): Promise<NotedEpisode[]> {
  return graph.read(
    `UNWIND $keys AS key
     MATCH (s:_Statement {key: key})
     WITH s ORDER BY s.said_at DESC, s.episode, s.start LIMIT $limit
     MATCH (p:Episodic {uuid: s.episode})
     WITH p, collect({kind: s.kind, text: s.text, about: s.subject, state: s.property}) AS notes
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + p.uuid})
     RETURN ${EPISODE_COLUMNS}, notes ORDER BY referenceTime DESC, uuid`,
    { keys, limit, ...extent },
  );
}

/** The latest episodes by the time when they were true, the latest first. */
export function latestEpisodes(graph: GroupGraph, limit: number, extent: Extent): Promise<BriefedEpisode[]> {
  return graph.read(
    `MATCH (p:Episodic)
     WITH p ORDER BY p.valid_at DESC, p.uuid LIMIT $limit
     ${RETURN_EPISODES}`,
    { limit, ...extent },
  );
}

/** The latest episodes that have one of the terms in a passage, of a role where one is named, the latest first. */
export function episodesWithTerms(
  graph: GroupGraph,
  terms: readonly string[],
  role: string | null,
  limit: number,
  extent: Extent,
): Promise<BriefedEpisode[]> {
  const each = eachTerm(
    terms,
    (term) =>
      `CALL db.idx.fulltext.queryNodes('_Passage', ${term}) YIELD node AS p WHERE $role IS NULL OR p.role = $role
       WITH p.episode AS episode, p.time AS time ORDER BY time DESC LIMIT $limit RETURN episode, time`,
  );
  return graph.read(
    `CALL { ${each.text} }
     WITH DISTINCT episode, time ORDER BY time DESC LIMIT $limit
     MATCH (p:Episodic {uuid: episode})
     WITH DISTINCT p
     ${RETURN_EPISODES}`,
    { ...each.params, role, limit, ...extent },
  );
}

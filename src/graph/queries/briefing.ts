import type { GroupGraph } from '../group-graph.ts';
import { unionPerTerm } from './term-search.ts';

/** The parts of an episode that a briefing needs; times in the graph's format. */
export interface BriefingEpisode {
  readonly uuid: string;
  /** The beginning of its text. */
  readonly content: string;
  /** The last characters of its text. */
  readonly tail: string;
  readonly sourceDescription: string;
  readonly referenceTime: string;
  /** The beginning of its metadata, as JSON; null without metadata. */
  readonly metadata: string | null;
}

const EPISODE_COLUMNS = `p.uuid AS uuid, left(p.content, $head) AS content, right(p.content, $tail) AS tail,
            p.source_description AS sourceDescription, p.valid_at AS referenceTime, left(k.metadata, $metadata) AS metadata`;
const RETURN_EPISODES = `OPTIONAL MATCH (k:_Meta {key: 'episode:' + p.uuid})
     RETURN ${EPISODE_COLUMNS} ORDER BY referenceTime DESC, uuid`;

/** The number of characters that are read of each text. */
export interface TextLimits {
  readonly head: number;
  readonly tail: number;
  readonly metadata: number;
}

export interface EpisodeWithNotes extends BriefingEpisode {
  readonly notes: readonly {
    readonly kind: string;
    readonly text: string;
    readonly about: string;
    readonly state: string;
  }[];
}

/** The latest episodes in which a model found rules or tasks, with these notes; latest first. */
export function episodesWithNotes(
  graph: GroupGraph,
  keys: readonly string[],
  limit: number,
  limits: TextLimits,
): Promise<EpisodeWithNotes[]> {
  return graph.read(
    `UNWIND $keys AS key
     MATCH (s:_Statement {key: key})
     WITH s ORDER BY s.said_at DESC, s.episode, s.start LIMIT $limit
     MATCH (p:Episodic {uuid: s.episode})
     WITH p, collect({kind: s.kind, text: s.text, about: s.subject, state: s.property}) AS notes
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + p.uuid})
     RETURN ${EPISODE_COLUMNS}, notes ORDER BY referenceTime DESC, uuid`,
    { keys, limit, ...limits },
  );
}

/** The latest episodes by reference time, latest first. */
export function latestEpisodes(graph: GroupGraph, limit: number, limits: TextLimits): Promise<BriefingEpisode[]> {
  return graph.read(
    `MATCH (p:Episodic)
     WITH p ORDER BY p.valid_at DESC, p.uuid LIMIT $limit
     ${RETURN_EPISODES}`,
    { limit, ...limits },
  );
}

/** The latest episodes that have one of the terms in a passage, or in a passage with the given role; latest first. */
export function episodesWithTerms(
  graph: GroupGraph,
  terms: readonly string[],
  role: string | null,
  limit: number,
  limits: TextLimits,
): Promise<BriefingEpisode[]> {
  const each = unionPerTerm(
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
    { ...each.params, role, limit, ...limits },
  );
}

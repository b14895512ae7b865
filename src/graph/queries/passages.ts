import type { Embedder } from '../../models/embedder.ts';
import { type Passage, replacesTerm } from '../../passages/passages.ts';
import type { Params } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';
import type { Conditions } from './conditions.ts';
import { collected, eachTerm, unlessUsual } from './each-term.ts';

/*
 * `_Passage` nodes say where in an episode's text a passage stands and by which terms it is found; `_PassageVector` nodes hold
 * the vectors, which come later. Neither is ever changed, since each change of an indexed node leaves a ghost in its
 * indexes: what has to become another is deleted and created. Both name their episode and are joined to nothing; no query of
 * Python's asks for their labels, and they have no property `uuid`, which some of its queries look for among all nodes.
 */

/** A passage with the times of its episode. */
export interface PassageRow extends Passage {
  /** In the graph's format. */
  readonly time: string;
  readonly known: string;
}

/** A passage as `CREATE (:_Passage {…})` takes it from `y`. */
export const PASSAGE_PROPERTIES = `passage: y.uuid, episode: y.episode, ordinal: y.ordinal, source: y.source, start: y.start, end: y.end,
       kind: y.kind, role: y.role, asks: y.asks, headings: y.headings, session: y.session, terms: y.terms, length: y.length, time: y.time,
       known: y.known, version: y.version`;

const RETURN_PASSAGES = `p.passage AS uuid, p.episode AS episode, p.ordinal AS ordinal, p.source AS source, p.start AS start, p.end AS end,
       p.kind AS kind, p.role AS role, p.asks AS asks, p.headings AS headings, p.session AS session, p.terms AS terms, p.length AS length,
       p.time AS time, p.known AS known`;

/** How many passages there are, from FalkorDB's own count of the label. */
export async function countPassages(graph: GroupGraph): Promise<number> {
  const [row] = await graph.read<{ n: number }>('MATCH (p:_Passage) RETURN count(p) AS n');
  return row?.n ?? 0;
}

/** In how many passages each term stands, counted up to `most`. */
export async function countTerms(
  graph: GroupGraph,
  terms: readonly string[],
  most: number,
): Promise<Map<string, number>> {
  const each = eachTerm(
    terms,
    (term, place) =>
      `CALL db.idx.fulltext.queryNodes('_Passage', ${term}) YIELD node WITH node LIMIT $most RETURN ${place} AS place, count(node) AS n`,
  );
  const rows = await graph.read<{ place: number; n: number }>(each.text, { ...each.params, most });
  return new Map(rows.map(({ place, n }) => [terms[place] ?? '', n]));
}

/**
 * Passages that have any of the terms and meet the conditions on `p`, those with most and rarest first.
 * @param most terms, and pairs of terms, that this many passages have, or more, are ignored
 */
export function searchPassagesByWords(
  graph: GroupGraph,
  terms: readonly string[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<PassageRow[]> {
  const each = eachTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryNodes('_Passage', ${term}) YIELD node AS p WHERE ${text} ${collected('p')}`,
  );
  return graph.read(
    `${unlessUsual(each.text, 'p')}
     WITH p, sum(score) AS score ORDER BY score DESC, p.episode, p.ordinal LIMIT $limit
     RETURN ${RETURN_PASSAGES}`,
    { ...params, ...each.params, limit, most },
  );
}

/** The passages nearest to a vector that meet the conditions on `p`, nearest first, with the cosine. */
export function searchPassagesByVector(
  graph: GroupGraph,
  vector: readonly number[],
  { text, params }: Conditions,
  count: number,
): Promise<(PassageRow & { readonly cosine: number })[]> {
  return graph.read(
    `CALL db.idx.vector.queryNodes('_PassageVector', 'embedding', $count, vecf32($vector)) YIELD node AS v, score
     MATCH (p:_Passage {episode: v.episode}) WHERE p.passage = v.passage AND ${text}
     WITH p, score ORDER BY score, p.episode, p.ordinal
     RETURN ${RETURN_PASSAGES}, 1 - score AS cosine`,
    { ...params, vector, count },
  );
}

/** How far each passage of some episodes lies from a vector, as the cosine, by uuid; none for those without a vector. */
export async function cosinesOf(
  graph: GroupGraph,
  episodes: readonly string[],
  vector: readonly number[],
): Promise<[string, number][]> {
  const rows = await graph.read<{ uuid: string; cosine: number }>(
    `UNWIND $episodes AS episode
     MATCH (v:_PassageVector {episode: episode})
     RETURN v.passage AS uuid, 1 - vec.cosineDistance(v.embedding, vecf32($vector)) AS cosine`,
    { episodes, vector },
  );
  return rows.map(({ uuid, cosine }) => [uuid, cosine]);
}

/** Since when some episodes and facts are replaced by notes, of those that are, with the times as the graph has them. */
export async function replacementsOf(
  graph: GroupGraph,
  uuids: readonly string[],
): Promise<{ uuid: string; time: string; known: string }[]> {
  if (uuids.length === 0) return [];
  const terms = new Map(uuids.map((uuid) => [replacesTerm(uuid), uuid]));
  const rows = await graph.read<{ terms: string; time: string; known: string }>(
    `CALL db.idx.fulltext.queryNodes('_Passage', $terms) YIELD node AS p
     WITH p MATCH (e:Episodic {uuid: p.episode})
     RETURN p.terms AS terms, p.time AS time, p.known AS known`,
    { terms: [...terms.keys()].join('|') },
  );
  return rows.flatMap((row) => {
    const uuid = terms.get(/replaces_[0-9a-f]{32}/.exec(row.terms)?.[0] ?? '');
    return uuid === undefined ? [] : [{ uuid, time: row.time, known: row.known }];
  });
}

/** The passages of some episodes that meet the conditions on `p`. */
export function passagesOfEpisodes(
  graph: GroupGraph,
  episodes: readonly string[],
  { text, params }: Conditions,
  most: number,
): Promise<PassageRow[]> {
  return graph.read(
    `UNWIND $episodes AS episode
     MATCH (p:_Passage {episode: episode}) WHERE p.ordinal < $most AND ${text}
     RETURN ${RETURN_PASSAGES}`,
    { ...params, episodes, most },
  );
}

/** An episode that passages are shown from. */
export interface PassageEpisode {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly sourceDescription: string;
  readonly referenceTime: string;
  readonly createdAt: string | null;
  /** JSON; only where a passage of a tool is asked for. */
  readonly metadata: string | null;
}

/** Those of some episodes that the graph has. */
export function episodesOfPassages(
  graph: GroupGraph,
  episodes: readonly string[],
  withMetadata: readonly string[],
): Promise<PassageEpisode[]> {
  return graph.read(
    `UNWIND $episodes AS episode
     MATCH (p:Episodic {uuid: episode})
     OPTIONAL MATCH (m:_Meta {key: CASE WHEN episode IN $withMetadata THEN 'episode:' + episode ELSE '' END})
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime, p.created_at AS createdAt, m.metadata AS metadata`,
    { episodes, withMetadata },
  );
}

/** What comes directly before and after some episodes: in the chain of their saga. */
export function adjacentEpisodes(
  graph: GroupGraph,
  episodes: readonly string[],
): Promise<{ of: string; uuid: string; step: -1 | 1 }[]> {
  return graph.read(
    `UNWIND $episodes AS of
     MATCH (p:Episodic {uuid: of})-[:NEXT_EPISODE]->(q:Episodic)
     RETURN of, q.uuid AS uuid, 1 AS step
     UNION ALL
     UNWIND $episodes AS of
     MATCH (p:Episodic {uuid: of})<-[:NEXT_EPISODE]-(q:Episodic)
     RETURN of, q.uuid AS uuid, -1 AS step`,
    { episodes },
  );
}

export interface PassageVector {
  readonly uuid: string;
  readonly episode: string;
  readonly embedding: readonly number[];
}

/** uuids of an episode's passages that have a vector. */
export async function embeddedPassages(graph: GroupGraph, episode: string): Promise<Set<string>> {
  const rows = await graph.read<{ uuid: string }>(
    'MATCH (v:_PassageVector {episode: $episode}) RETURN v.passage AS uuid',
    { episode },
  );
  return new Set(rows.map(({ uuid }) => uuid));
}

/**
 * Writes each vector once, of passages that are there: those of an episode that was removed meanwhile are gone. Nothing is written to a
 * graph that is another embedder's by now.
 */
export async function writePassageVectors(
  graph: GroupGraph,
  vectors: readonly PassageVector[],
  { model, dimension }: Pick<Embedder, 'model' | 'dimension'>,
): Promise<void> {
  await graph.change(
    `MATCH (m:_Meta {key: 'embedder'}) WHERE m.model = $by AND m.dimension = $numbers
     UNWIND $vectors AS x
     MATCH (p:_Passage {episode: x.episode}) WHERE p.passage = x.uuid
     OPTIONAL MATCH (known:_PassageVector {episode: x.episode}) WHERE known.passage = x.uuid
     WITH x, known WHERE known IS NULL
     CREATE (:_PassageVector {passage: x.uuid, episode: x.episode, embedding: vecf32(x.embedding)})`,
    { vectors, by: model, numbers: dimension } as unknown as Params,
  );
}

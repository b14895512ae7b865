import type { Embedder } from '../../models/embedder.ts';
import { type Passage, replacesTerm } from '../../passages/passages.ts';
import type { GroupGraph } from '../group-graph.ts';
import type { Params } from '../query-text.ts';
import type { Conditions } from './filter-conditions.ts';
import { collectHits, scoreRareTerms, unionPerTerm } from './term-search.ts';

/*
 * `_Passage` nodes hold the position of a passage in an episode's text and the terms by which it is found. `_PassageVector` nodes hold
 * vectors, which come later. Neither is ever changed, since each change of an indexed node leaves a stale entry in its index: they are
 * deleted and created. Both name their episode and have no edges. They have no property `uuid`, since some of Python's queries search all
 * nodes for it.
 */

/** A passage with the times of its episode. */
export interface PassageRow extends Passage {
  /** In the graph's format. */
  readonly time: string;
  readonly known: string;
}

/** The properties in `CREATE (:_Passage {…})` from a row `y`. */
export const PASSAGE_PROPERTIES = `passage: y.uuid, episode: y.episode, ordinal: y.ordinal, source: y.source, start: y.start, end: y.end,
       kind: y.kind, role: y.role, asks: y.asks, headings: y.headings, session: y.session, terms: y.terms, length: y.length, time: y.time,
       known: y.known, version: y.version`;

/** Numbers and flags come as one JSON text: each column of a row costs the client a microsecond, and a question reads 200 rows. */
const RETURN_PASSAGES = `p.passage AS uuid, p.episode AS episode, p.source AS source, p.kind AS kind, p.role AS role, p.session AS session,
       p.terms AS terms, p.time AS time, p.known AS known,
       toJSON([p.ordinal, p.start, p.end, p.length, p.asks, p.headings]) AS numbers`;

type Numbers = 'ordinal' | 'start' | 'end' | 'length' | 'asks' | 'headings';
type StoredRow = Omit<PassageRow, Numbers> & { readonly numbers: string };

function passageRow<Row extends StoredRow>({ numbers, ...row }: Row): Omit<Row, 'numbers'> & Pick<PassageRow, Numbers> {
  const [ordinal, start, end, length, asks, headings] = JSON.parse(numbers);
  return { ...row, ordinal, start, end, length, asks, headings };
}

/**
 * The order of passages with the same score: newest first, then by position and content. uuids are random, and a limit must not depend on
 * them. All values are on the node, so only sorting takes time.
 */
const NEWEST_FIRST = 'p.time DESC, p.known DESC, p.ordinal, p.terms, p.episode';

/** The number of passages, from FalkorDB's own count. */
export async function countPassages(graph: GroupGraph): Promise<number> {
  const [row] = await graph.read<{ n: number }>('MATCH (p:_Passage) RETURN count(p) AS n');
  return row?.n ?? 0;
}

/** The number of passages with each term, counted up to `most`. */
export async function countTerms(
  graph: GroupGraph,
  terms: readonly string[],
  most: number,
): Promise<Map<string, number>> {
  const each = unionPerTerm(
    terms,
    (term, place) =>
      `CALL db.idx.fulltext.queryNodes('_Passage', ${term}) YIELD node WITH node LIMIT $most RETURN ${place} AS place, count(node) AS n`,
  );
  const rows = await graph.read<{ place: number; n: number }>(each.text, { ...each.params, most });
  return new Map(rows.map(({ place, n }) => [terms[place] ?? '', n]));
}

/**
 * Passages with at least one of the terms that meet the conditions on `p`; those with most and rarest terms first.
 * @param most terms and pairs of terms in this many passages are ignored
 */
export async function searchPassagesByWords(
  graph: GroupGraph,
  terms: readonly string[],
  { text, params }: Conditions,
  limit: number,
  most: number,
): Promise<PassageRow[]> {
  const each = unionPerTerm(
    terms,
    (term) => `CALL db.idx.fulltext.queryNodes('_Passage', ${term}) YIELD node AS p WHERE ${text} ${collectHits('p')}`,
  );
  const rows = await graph.read<StoredRow>(
    `${scoreRareTerms(each.text, 'p')}
     WITH p, sum(score) AS score ORDER BY score DESC, ${NEWEST_FIRST} LIMIT $limit
     RETURN ${RETURN_PASSAGES}`,
    { ...params, ...each.params, limit, most },
  );
  return rows.map(passageRow);
}

/** The passages nearest to a vector that meet the conditions on `p`, with the cosine; nearest first. */
export async function searchPassagesByVector(
  graph: GroupGraph,
  vector: readonly number[],
  { text, params }: Conditions,
  count: number,
): Promise<(PassageRow & { readonly cosine: number })[]> {
  const rows = await graph.read<StoredRow & { readonly cosine: number }>(
    `CALL db.idx.vector.queryNodes('_PassageVector', 'embedding', $count, vecf32($vector)) YIELD node AS v, score
     MATCH (p:_Passage {episode: v.episode}) WHERE p.passage = v.passage AND ${text}
     WITH p, score ORDER BY score, ${NEWEST_FIRST}
     RETURN ${RETURN_PASSAGES}, 1 - score AS cosine`,
    { ...params, vector, count },
  );
  return rows.map(passageRow);
}

/** Passages of an episode, by uuid; without uuids all of them. */
export interface PassagesOfEpisode {
  readonly episode: string;
  readonly passages?: readonly string[];
}

/** The cosine between a vector and the passages that have vectors, by uuid. */
export async function cosineSimilarities(
  graph: GroupGraph,
  asked: readonly PassagesOfEpisode[],
  vector: readonly number[],
): Promise<[string, number][]> {
  const rows = await graph.read<{ uuid: string; cosine: number }>(
    `UNWIND $asked AS x
     MATCH (v:_PassageVector {episode: x.episode}) WHERE x.passages IS NULL OR v.passage IN x.passages
     RETURN v.passage AS uuid, 1 - vec.cosineDistance(v.embedding, vecf32($vector)) AS cosine`,
    { asked: asked.map(({ episode, passages = null }) => ({ episode, passages })), vector },
  );
  return rows.map(({ uuid, cosine }) => [uuid, cosine]);
}

/** When notes replaced some of these episodes and facts; times in the graph's format. */
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

/** The speakers in whose turns some ranges of episodes' own texts lie, with the texts; none for ranges outside of turns. */
export async function turnsContaining(
  graph: GroupGraph,
  ranges: readonly { readonly uuid: string; readonly episode: string; readonly start: number; readonly end: number }[],
): Promise<{ uuid: string; role: string; content: string }[]> {
  if (ranges.length === 0) return [];
  return graph.read(
    `UNWIND $ranges AS x
     MATCH (p:_Passage {episode: x.episode})
     WHERE p.source = '' AND p.role IS NOT NULL AND p.start <= x.start AND x.end <= p.end
     MATCH (e:Episodic {uuid: x.episode})
     RETURN DISTINCT x.uuid AS uuid, p.role AS role, e.content AS content`,
    { ranges: ranges.map(({ uuid, episode, start, end }) => ({ uuid, episode, start, end })) },
  );
}

/** The passages of some episodes that meet the conditions on `p`, except those that are known. */
export async function passagesOfEpisodes(
  graph: GroupGraph,
  episodes: readonly string[],
  { text, params }: Conditions,
  most: number,
  known: ReadonlyMap<string, readonly PassageRow[]> = new Map(),
): Promise<PassageRow[]> {
  const asked = episodes.map((episode) => ({
    episode,
    known: (known.get(episode) ?? []).map(({ ordinal }) => ordinal),
  }));
  const rows = await graph.read<StoredRow>(
    `UNWIND $asked AS x
     MATCH (p:_Passage {episode: x.episode}) WHERE p.ordinal < $most AND NOT p.ordinal IN x.known AND ${text}
     RETURN ${RETURN_PASSAGES}`,
    { ...params, asked, most },
  );
  return rows.map(passageRow);
}

/** An episode whose passages are shown. */
export interface PassageEpisode {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly sourceDescription: string;
  readonly referenceTime: string;
  readonly createdAt: string | null;
  /** JSON; only if a passage of a tool was requested. */
  readonly metadata: string | null;
}

/** Those of the episodes that exist. */
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

/** The previous and the next episode of each of these episodes in their saga. */
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

/** Creates the vector of a row `x`, once, if its passage exists. */
export const CREATE_PASSAGE_VECTOR = `
     MATCH (p:_Passage {episode: x.episode}) WHERE p.passage = x.uuid
     OPTIONAL MATCH (known:_PassageVector {episode: x.episode}) WHERE known.passage = x.uuid
     WITH x, known WHERE known IS NULL
     CREATE (:_PassageVector {passage: x.uuid, episode: x.episode, embedding: vecf32(x.embedding)})`;

/**
 * Writes vectors of existing passages, each once. Writes nothing if the graph now belongs to another embedder.
 * @returns number of written vectors
 */
export async function writePassageVectors(
  graph: GroupGraph,
  vectors: readonly PassageVector[],
  { model, dimension }: Pick<Embedder, 'model' | 'dimension'>,
): Promise<number> {
  const [row] = await graph.change<{ n: number }>(
    `MATCH (m:_Meta {key: 'embedder'}) WHERE m.model = $by AND m.dimension = $numbers
     UNWIND $vectors AS x ${CREATE_PASSAGE_VECTOR}
     RETURN count(x) AS n`,
    { vectors, by: model, numbers: dimension } as unknown as Params,
  );
  return row?.n ?? 0;
}

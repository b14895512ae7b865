import type { EpisodeSource } from '../../episode.ts';
import type { Passage } from '../../passages/passages.ts';
import type { GroupGraph } from '../group-graph.ts';
import type { Params } from '../query-text.ts';
import { PASSAGE_PROPERTIES } from './passages.ts';

/** An episode whose text was not cut into passages yet. */
export interface UncutEpisode {
  readonly uuid: string;
  readonly content: string;
  readonly source: EpisodeSource;
  readonly time: string;
  readonly known: string;
  /** JSON. */
  readonly metadata: string | null;
  readonly saga: string | null;
}

const CUTTABLE = "MATCH (p:Episodic) WHERE p.source <> 'fact_triple' AND trim(p.content) <> ''";

/** Compares versions such as `5.2`. A newer worker's passages are kept, so that workers of two releases do not cut them in turns. */
const isOfVersion = (comparison: '<' | '>='): string => {
  const rank = (version: string) =>
    `toInteger(split(${version}, '.')[0]) * 1000 + toInteger(split(${version}, '.')[1])`;
  return `${rank('q.version')} ${comparison} ${rank('$version')}`;
};

// White space has no passages. `trim` removes only spaces.
const UNCUT = `${CUTTABLE}
     OPTIONAL MATCH (q:_Passage {episode: p.uuid}) WHERE ${isOfVersion('>=')}
     WITH p, count(q) AS passages WHERE passages = 0
     WITH p WHERE trim(replace(replace(replace(p.content, '\\n', ' '), '\\r', ' '), '\\t', ' ')) <> ''`;

/** uuids of the episodes without passages of this version or a newer one, oldest first. */
export async function uncutEpisodes(graph: GroupGraph, version: string): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(`${UNCUT} RETURN p.uuid AS uuid ORDER BY p.created_at, p.uuid`, {
    version,
  });
  return rows.map(({ uuid }) => uuid);
}

/** Those of the episodes that still exist. */
export function episodesToCut(graph: GroupGraph, episodes: readonly string[]): Promise<UncutEpisode[]> {
  return graph.read(
    `UNWIND $episodes AS uuid
     MATCH (p:Episodic {uuid: uuid})
     OPTIONAL MATCH (m:_Meta {key: 'episode:' + p.uuid})
     OPTIONAL MATCH (s:Saga)-[:HAS_EPISODE]->(p)
     RETURN p.uuid AS uuid, p.content AS content, p.source AS source, coalesce(p.valid_at, p.created_at, '') AS time,
            coalesce(p.created_at, '') AS known, max(m.metadata) AS metadata, min(s.name) AS saga`,
    { episodes },
  );
}

/** Number of episodes without passages of this version or a newer one. */
export async function countUncut(graph: GroupGraph, version: string): Promise<number> {
  const [row] = await graph.read<{ n: number }>(`${UNCUT} RETURN count(p) AS n`, { version });
  return row?.n ?? 0;
}

/** The number of episodes with text, and how many of them have passages of this version or a newer one; white space counts as cut. */
export async function countCut(graph: GroupGraph, version: string): Promise<{ cut: number; episodes: number }> {
  const count = async (query: string) => (await graph.read<{ n: number }>(query, { version }))[0]?.n ?? 0;
  const [episodes, cut] = await Promise.all([
    count(`${CUTTABLE} RETURN count(p) AS n`),
    count(`MATCH (q:_Passage) WHERE q.ordinal = 0 AND ${isOfVersion('>=')} RETURN count(q) AS n`),
  ]);
  // Each episode is checked only if the counts differ, since that takes ten times as long.
  const uncut = cut === episodes ? 0 : await countUncut(graph, version);
  return { cut: episodes - uncut, episodes };
}

/** Writes the passages of existing episodes that have none. */
export async function writePassages(
  graph: GroupGraph,
  episodes: readonly { uuid: string; time: string; known: string; passages: readonly Passage[] }[],
  version: string,
): Promise<void> {
  const rows = episodes.map(({ uuid, time, known, passages }) => ({
    uuid,
    passages: passages.map((passage) => ({ ...passage, time, known, version })),
  }));
  await graph.change(
    `UNWIND $episodes AS x
     MATCH (p:Episodic {uuid: x.uuid})
     OPTIONAL MATCH (q:_Passage {episode: x.uuid})
     WITH x, count(q) AS passages WHERE passages = 0
     UNWIND x.passages AS y
     CREATE (:_Passage {${PASSAGE_PROPERTIES}})`,
    { episodes: rows } as unknown as Params,
  );
}

/** Removes passages of older versions with their vectors. */
export async function deleteOutdated(graph: GroupGraph, episodes: readonly string[], version: string): Promise<void> {
  await graph.change(
    `UNWIND $episodes AS episode
     MATCH (q:_Passage {episode: episode}) WHERE ${isOfVersion('<')}
     OPTIONAL MATCH (v:_PassageVector {episode: episode}) WHERE v.passage = q.passage
     DELETE q, v`,
    { episodes, version },
  );
}

/** uuids of episodes that another program deleted, while their passages still exist. */
export async function orphanedEpisodes(graph: GroupGraph): Promise<string[]> {
  const rows = await graph.read<{ episode: string }>(
    `MATCH (q:_Passage) WHERE q.ordinal = 0
     OPTIONAL MATCH (p:Episodic {uuid: q.episode})
     WITH q, p WHERE p IS NULL RETURN q.episode AS episode`,
  );
  return rows.map(({ episode }) => episode);
}

/**
 * Removes the passages of deleted episodes.
 * @returns number of removed passages
 */
export async function deleteOrphans(graph: GroupGraph): Promise<number> {
  const episodes = await orphanedEpisodes(graph);
  if (episodes.length === 0) return 0;
  const rows = await graph.change<{ n: number }>(
    `UNWIND $episodes AS episode
     OPTIONAL MATCH (p:Episodic {uuid: episode})
     WITH episode, p WHERE p IS NULL
     MATCH (q:_Passage {episode: episode})
     OPTIONAL MATCH (v:_PassageVector {episode: episode}) WHERE v.passage = q.passage
     DELETE q, v RETURN count(q) AS n`,
    { episodes },
  );
  return rows[0]?.n ?? 0;
}

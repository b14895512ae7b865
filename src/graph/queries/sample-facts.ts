import type { GroupGraph } from '../group-graph.ts';

/** Whether the full-text index finds a fact by its words. @param words of `allWords` */
export async function sampleByWords(graph: GroupGraph, words: string, uuid: string, among: number): Promise<boolean> {
  const rows = await graph.read<{ uuid: string }>(
    `CALL db.idx.fulltext.queryRelationships('RELATES_TO', $query) YIELD relationship AS e, score
     WITH e, score ORDER BY e.uuid = $uuid DESC LIMIT $among
     RETURN e.uuid AS uuid`,
    { query: `@fact:(${words})`, uuid, among },
  );
  return rows.some((row) => row.uuid === uuid);
}

/** Whether the vector index finds a fact, or one as near, by its vector. */
export async function sampleByVector(
  graph: GroupGraph,
  vector: readonly number[],
  uuid: string,
  among: number,
): Promise<boolean> {
  const rows = await graph.read<{ uuid: string; score: number }>(
    `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', $among, vecf32($vector))
       YIELD relationship AS e, score
     RETURN e.uuid AS uuid, score ORDER BY score`,
    { vector, among },
  );
  const nearest = rows[0]?.score ?? 1;
  return rows.some((row) => row.uuid === uuid) || nearest < 1e-6;
}

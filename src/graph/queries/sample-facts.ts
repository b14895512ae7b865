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

/** Whether a fact has exactly this vector, of float32 numbers. */
export async function hasVector(graph: GroupGraph, vector: readonly number[], uuid: string): Promise<boolean> {
  const rows = await graph.read<{ vector: number[] | null }>(
    'MATCH ()-[e:RELATES_TO {uuid: $uuid}]->() RETURN e.fact_embedding AS vector',
    { uuid },
  );
  return rows.some(
    (row) =>
      row.vector?.length === vector.length &&
      row.vector.every((it, place) => Math.fround(it) === Math.fround(vector[place] ?? Number.NaN)),
  );
}

/**
 * How far the vector index says that a fact is from its own vector: none when it is not among the nearest, which an approximate
 * index may miss, and undefined when the index answers nothing at all. A vector of zeros has no distance.
 */
export async function sampleByVector(
  graph: GroupGraph,
  vector: readonly number[],
  uuid: string,
  among: number,
): Promise<readonly (number | null)[] | undefined> {
  try {
    const rows = await graph.read<{ uuid: string; score: number | null }>(
      `CALL db.idx.vector.queryRelationships('RELATES_TO', 'fact_embedding', $among, vecf32($vector))
         YIELD relationship AS e, score
       RETURN e.uuid AS uuid, score`,
      { vector, among },
    );
    return rows.length === 0 ? undefined : rows.filter((row) => row.uuid === uuid).map(({ score }) => score);
  } catch (error) {
    // What FalkorDB says where there is no such index.
    if (error instanceof Error && error.message.startsWith('Invalid arguments for procedure')) return undefined;
    throw error;
  }
}

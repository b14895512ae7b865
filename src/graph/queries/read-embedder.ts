import type { GroupGraph } from '../group-graph.ts';

/** The embedder that the graph's vectors are of; a graph that Python wrote does not tell its model's name. */
export interface StoredEmbedder {
  readonly model: string | null;
  readonly dimension: number;
  /** Which indexes there are; see `schema.ts`. */
  readonly schema: number;
}

export async function readEmbedder(graph: GroupGraph): Promise<StoredEmbedder | undefined> {
  const [noted] = await graph.read<StoredEmbedder>(
    `MATCH (m:_Meta {key: 'embedder'}) RETURN m.model AS model, m.dimension AS dimension, coalesce(m.schema, 1) AS schema`,
  );
  if (noted) return noted;
  const [sample] = await graph.read<{ vector: number[] }>(
    `MATCH (n:Entity) WHERE n.name_embedding IS NOT NULL RETURN n.name_embedding AS vector LIMIT 1`,
  );
  return sample && { model: null, dimension: sample.vector.length, schema: 0 };
}

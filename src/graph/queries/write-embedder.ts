import type { Embedder } from '../../models/embedder.ts';
import type { GroupGraph } from '../group-graph.ts';

/** Notes the embedder where none is noted. A rebuilt graph gets its indexes by it. */
export async function writeEmbedder(graph: GroupGraph, embedder: Embedder): Promise<void> {
  await graph.change(`MERGE (m:_Meta {key: 'embedder'}) ON CREATE SET m.model = $model, m.dimension = $dimension`, {
    model: embedder.model,
    dimension: embedder.dimension,
  });
}

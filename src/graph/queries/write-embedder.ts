import type { Embedder } from '../../models/embedder.ts';
import type { GroupGraph } from '../group-graph.ts';

/** Notes the embedder where none is noted, and which indexes there are. A rebuilt graph gets its indexes by it. */
export async function writeEmbedder(graph: GroupGraph, embedder: Embedder, schema: number): Promise<void> {
  await graph.change(
    `MERGE (m:_Meta {key: 'embedder'}) ON CREATE SET m.model = $model, m.dimension = $dimension SET m.schema = $schema`,
    {
      schema,
      model: embedder.model,
      dimension: embedder.dimension,
    },
  );
}

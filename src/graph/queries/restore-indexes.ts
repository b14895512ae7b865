import { quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';

/** Makes an index by which the ends of edges are found while a graph is restored. */
export async function indexUuids(graph: GroupGraph, label: string): Promise<void> {
  await graph.write(`CREATE INDEX FOR (x:${quotedLabel(label)}) ON (x.uuid)`);
}

/** Takes it away again, since the schema's own index would not be made beside it. */
export async function dropUuidIndex(graph: GroupGraph, label: string): Promise<void> {
  await graph.write(`DROP INDEX FOR (x:${quotedLabel(label)}) ON (x.uuid)`);
}

import type { Params } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';
import { operational } from '../schema.ts';

/** A text, by its hash, and its vector. */
export interface KeptVector {
  readonly text: string;
  readonly vector: readonly number[];
}

/** Makes the index by which they are found. */
export async function prepareKept(graph: GroupGraph): Promise<void> {
  await graph.write('CREATE INDEX FOR (v:Vector) ON (v.text)').catch((error: unknown) => {
    // Whoever began before us made it.
    if (!(error instanceof Error && error.message.includes('already indexed'))) throw error;
  });
  await operational(graph);
}

/** The vectors of some texts, by their hashes; none for those that were not embedded yet. */
export async function keptVectors(
  graph: GroupGraph,
  texts: readonly string[],
): Promise<Map<string, readonly number[]>> {
  const rows = await graph.read<KeptVector>(
    'UNWIND $texts AS text MATCH (v:Vector {text: text}) RETURN text, v.vector AS vector',
    { texts },
  );
  return new Map(rows.map(({ text, vector }) => [text, vector]));
}

export async function keepVectors(graph: GroupGraph, vectors: readonly KeptVector[]): Promise<void> {
  await graph.write('UNWIND $vectors AS x MERGE (v:Vector {text: x.text}) ON CREATE SET v.vector = vecf32(x.vector)', {
    vectors,
  } as unknown as Params);
}

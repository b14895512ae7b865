import type { GroupGraph } from '../group-graph.ts';

export interface ExistingIndex {
  readonly label: string;
  /** For each indexed property the kinds of its indexes: `RANGE`, `FULLTEXT`, `VECTOR`. */
  readonly types: Readonly<Record<string, readonly string[]>>;
  /** `OPERATIONAL` once it can be asked. */
  readonly status: string;
}

export function readIndexes(graph: GroupGraph): Promise<ExistingIndex[]> {
  return graph.read('CALL db.indexes() YIELD label, types, status RETURN label, types, status');
}

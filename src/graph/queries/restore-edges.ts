import { type Param, quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';
import { type RestoredRow, type RestoredTypes, setAll } from './restore-nodes.ts';

export interface RestoredEdge extends RestoredRow {
  /** uuids of the ends. */
  readonly source: string;
  readonly target: string;
}

/** What the edges that are created together have in common. */
export interface EdgeKind {
  readonly type: string;
  /** A label of the ends whose `uuid` is indexed; where it is '' every node is looked at. */
  readonly source: string;
  readonly target: string;
}

/** Creates edges between nodes that are there. @returns how many */
export async function restoreEdges(
  graph: GroupGraph,
  { type, source, target }: EdgeKind,
  types: RestoredTypes,
  rows: readonly RestoredEdge[],
): Promise<number> {
  const [row] = await graph.write<{ n: number }>(
    `UNWIND $rows AS row
     MATCH (a${labelled(source)} {uuid: row.source})
     WITH a, row
     MATCH (b${labelled(target)} {uuid: row.target})
     CREATE (a)-[x:${quotedLabel(type)}]->(b) ${setAll(types)}
     RETURN count(x) AS n`,
    { rows: rows as unknown as Param },
  );
  return row?.n ?? 0;
}

const labelled = (label: string): string => (label === '' ? '' : `:${quotedLabel(label)}`);

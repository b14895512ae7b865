import type { GroupGraph } from '../group-graph.ts';

export interface NodeRow {
  readonly labels: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
  /** FalkorDB's names of the types of those properties that are no plain text, whole number or truth value. */
  readonly types: readonly (readonly [name: string, type: string])[];
}

/** Whether vectors are read too, which takes most of the time, or empty lists stand for them. */
export type Depth = 'whole' | 'without vectors';

/** What of a node or edge bound to `x` is exported. Names come as one text, which is read much faster than a list of them. */
export function held(depth: Depth): string {
  const types = `string.join([k IN keys(x) WHERE NOT typeOf(x[k]) IN ['String', 'Integer', 'Boolean'] | k + ' ' + typeOf(x[k])], ',') AS types`;
  if (depth === 'whole') return `properties(x) AS properties, ${types}`;
  return `string.join(keys(x), ',') AS names,
          [k IN keys(x) | CASE WHEN typeOf(x[k]) = 'Vectorf32' THEN [] ELSE x[k] END] AS values, ${types}`;
}

type Read<Row extends Pick<NodeRow, 'properties' | 'types'>> = Omit<Row, 'properties' | 'types'> & {
  readonly types: string;
} & ({ readonly properties: NodeRow['properties'] } | { readonly names: string; readonly values: readonly unknown[] });

/** The rows of such a query. */
export function withProperties<Row extends Pick<NodeRow, 'properties' | 'types'>>(rows: readonly Read<Row>[]): Row[] {
  return rows.map((row) => {
    const types = listed(row.types).map((it) => it.split(' '));
    if ('properties' in row) return { ...row, types } as unknown as Row;
    const { names, values, ...rest } = row;
    const properties = Object.fromEntries(listed(names).map((name, index) => [name, values[index]]));
    return { ...rest, properties, types } as unknown as Row;
  });
}

const listed = (text: string): string[] => (text === '' ? [] : text.split(','));

/** The nodes numbered `from` to `to` with all that they hold: our own notes, or everything else. */
export async function exportNodes(
  graph: GroupGraph,
  from: number,
  to: number,
  isMeta: boolean,
  depth: Depth,
): Promise<NodeRow[]> {
  return withProperties<NodeRow>(
    await graph.read(
      `MATCH (x) WHERE id(x) >= $from AND id(x) <= $to AND ('_Meta' IN labels(x)) = $isMeta
       RETURN labels(x) AS labels, ${held(depth)}`,
      { from, to, isMeta },
    ),
  );
}

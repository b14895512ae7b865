import type { GroupGraph } from '../group-graph.ts';

export interface GraphExtent {
  readonly nodes: number;
  readonly edges: number;
  /** The highest node id of FalkorDB; −1 for an empty graph. */
  readonly last: number;
}

/** Counts the nodes and edges to export. */
export async function exportExtent(graph: GroupGraph): Promise<GraphExtent> {
  const [[nodes], [edges]] = await Promise.all([
    graph.read<{ n: number; last: number | null }>('MATCH (n) RETURN count(n) AS n, max(id(n)) AS last'),
    graph.read<{ n: number }>('MATCH ()-[e]->() RETURN count(e) AS n'),
  ]);
  return { nodes: nodes?.n ?? 0, edges: edges?.n ?? 0, last: nodes?.last ?? -1 };
}

export interface NodeRow {
  readonly labels: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
  /** FalkorDB's types of the properties that are not strings, integers or booleans. */
  readonly types: readonly (readonly [name: string, type: string])[];
}

/** Reading vectors takes most of the time; without them each vector is an empty list. */
export type ExportDetail = 'whole' | 'without vectors';

/** The exported columns of a node or edge bound to `x`. Property names come as one text, which is read much faster than a list. */
export function exportedColumns(depth: ExportDetail): string {
  const types = `string.join([k IN keys(x) WHERE NOT typeOf(x[k]) IN ['String', 'Integer', 'Boolean'] | k + ' ' + typeOf(x[k])], ',') AS types`;
  if (depth === 'whole') return `properties(x) AS properties, ${types}`;
  return `string.join(keys(x), ',') AS names,
          [k IN keys(x) | CASE WHEN typeOf(x[k]) = 'Vectorf32' THEN [] ELSE x[k] END] AS values, ${types}`;
}

type Read<Row extends Pick<NodeRow, 'properties' | 'types'>> = Omit<Row, 'properties' | 'types'> & {
  readonly types: string;
} & ({ readonly properties: NodeRow['properties'] } | { readonly names: string; readonly values: readonly unknown[] });

/** Parses the rows of such a query. */
export function withProperties<Row extends Pick<NodeRow, 'properties' | 'types'>>(rows: readonly Read<Row>[]): Row[] {
  return rows.map((row) => {
    const types = listed(row.types).map((entry) => entry.split(' '));
    if ('properties' in row) return { ...row, types } as unknown as Row;
    const { names, values, ...rest } = row;
    const properties = Object.fromEntries(listed(names).map((name, index) => [name, values[index]]));
    return { ...rest, properties, types } as unknown as Row;
  });
}

const listed = (text: string): string[] => (text === '' ? [] : text.split(','));

/** The nodes with ids from `from` to `to`, with all properties: either `_Meta` nodes or all others. */
export async function exportNodes(
  graph: GroupGraph,
  from: number,
  to: number,
  isMeta: boolean,
  depth: ExportDetail,
): Promise<NodeRow[]> {
  return withProperties<NodeRow>(
    await graph.read(
      `MATCH (x) WHERE id(x) >= $from AND id(x) <= $to AND ('_Meta' IN labels(x)) = $isMeta
       RETURN labels(x) AS labels, ${exportedColumns(depth)}`,
      { from, to, isMeta },
    ),
  );
}

export interface EdgeRow extends Pick<NodeRow, 'properties' | 'types'> {
  readonly type: string;
  /** uuids of both ends. */
  readonly source: string | null;
  readonly target: string | null;
}

/** The outgoing edges of the nodes with ids from `from` to `to`, in the order in which FalkorDB rebuilds an index. */
export async function exportEdges(
  graph: GroupGraph,
  from: number,
  to: number,
  depth: ExportDetail,
): Promise<EdgeRow[]> {
  return withProperties<EdgeRow>(
    await graph.read(
      `MATCH (a)-[x]->(b) WHERE id(a) >= $from AND id(a) <= $to
       WITH a, x, b ORDER BY id(a), id(b), id(x)
       RETURN type(x) AS type, a.uuid AS source, b.uuid AS target, ${exportedColumns(depth)}`,
      { from, to },
    ),
  );
}

/** A page of the edges of a node with very many edges, in the same order. */
export async function exportEdgesOf(
  graph: GroupGraph,
  node: number,
  skip: number,
  count: number,
  depth: ExportDetail,
): Promise<EdgeRow[]> {
  return withProperties<EdgeRow>(
    await graph.read(
      `MATCH (a)-[x]->(b) WHERE id(a) = $node
       WITH a, x, b ORDER BY id(b), id(x) SKIP $skip LIMIT $count
       RETURN type(x) AS type, a.uuid AS source, b.uuid AS target, ${exportedColumns(depth)}`,
      { node, skip, count },
    ),
  );
}

/** A uuid that several nodes have; undefined if all are unique. */
export async function findDuplicateUuid(graph: GroupGraph): Promise<string | undefined> {
  const [row] = await graph.read<{ uuid: string }>(
    `MATCH (n) WHERE n.uuid IS NOT NULL
     WITH n.uuid AS uuid, count(n) AS nodes WHERE nodes > 1
     RETURN uuid LIMIT 1`,
  );
  return row?.uuid;
}

/** The size of a node, from which the size of pages is computed. */
export interface NodeSize {
  /** FalkorDB's id of the node. */
  readonly id: number;
  readonly isMeta: boolean;
  /** Characters of its longest text. */
  readonly text: number;
  /** Number of outgoing edges. */
  readonly edges: number;
}

/** Sizes of the nodes with ids from `from` up to, but not including, `to`; sorted by id. */
export function readNodeSizes(graph: GroupGraph, from: number, to: number): Promise<NodeSize[]> {
  return graph.read(
    `MATCH (n) WHERE id(n) >= $from AND id(n) < $to
     WITH n, coalesce(n.content, n.unread) AS text
     RETURN id(n) AS id, '_Meta' IN labels(n) AS isMeta,
            CASE WHEN typeOf(text) = 'String' THEN size(text) ELSE 0 END AS text, outdegree(n) AS edges
     ORDER BY id`,
    { from, to },
  );
}

/**
 * Whether the full-text index finds a fact by its words.
 * @param words result of `allWords`
 */
export async function sampleByWords(graph: GroupGraph, words: string, uuid: string, among: number): Promise<boolean> {
  const rows = await graph.read<{ uuid: string }>(
    `CALL db.idx.fulltext.queryRelationships('RELATES_TO', $query) YIELD relationship AS e, score
     WITH e, score ORDER BY e.uuid = $uuid DESC LIMIT $among
     RETURN e.uuid AS uuid`,
    { query: `@fact:(${words})`, uuid, among },
  );
  return rows.some((row) => row.uuid === uuid);
}

/** Whether a fact has exactly this float32 vector. */
export async function hasVector(graph: GroupGraph, vector: readonly number[], uuid: string): Promise<boolean> {
  const rows = await graph.read<{ vector: number[] | null }>(
    'MATCH ()-[e:RELATES_TO {uuid: $uuid}]->() RETURN e.fact_embedding AS vector',
    { uuid },
  );
  return rows.some(
    (row) =>
      row.vector?.length === vector.length &&
      row.vector.every((number, place) => Math.fround(number) === Math.fround(vector[place] ?? Number.NaN)),
  );
}

/**
 * The distance that the vector index reports between a fact and its own vector: an empty list if the fact is not among the nearest (the
 * index is approximate), undefined if the index returns nothing. A vector of zeros has the distance null.
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
    // FalkorDB's error if the index does not exist.
    if (error instanceof Error && error.message.startsWith('Invalid arguments for procedure')) return undefined;
    throw error;
  }
}

import type { GroupGraph } from '../../../src/graph/group-graph.ts';

/** A whole graph as it is stored, with FalkorDB's own names of the values' types. */
export interface WholeGraph {
  readonly group: string;
  readonly nodes: readonly StoredNode[];
  readonly edges: readonly StoredEdge[];
}

export interface StoredElement {
  readonly properties: Readonly<Record<string, unknown>>;
  /** `String`, `List`, `Vectorf32`, … for each property. */
  readonly types: Readonly<Record<string, string>>;
}

export interface StoredNode extends StoredElement {
  readonly labels: readonly string[];
}

export interface StoredEdge extends StoredElement {
  readonly type: string;
  readonly source: EdgeEnd;
  readonly target: EdgeEnd;
}

export interface EdgeEnd {
  readonly uuid: string | null;
  readonly labels: readonly string[];
}

type Row<T extends StoredElement> = Omit<T, 'types'> & { types: [string, string][] };

/**
 * The graph is read page by page, so that no query exceeds the read timeout on a busy machine. Pages are ranges of
 * FalkorDB's ids rather than offsets, because a deletion by a late task would shift offsets.
 */
export async function wholeGraph(graph: GroupGraph): Promise<WholeGraph> {
  const nodes = await pages<Row<StoredNode>>(
    graph,
    `MATCH (n) WHERE id(n) > $last WITH n ORDER BY id(n) LIMIT $limit
     RETURN id(n) AS id, labels(n) AS labels, properties(n) AS properties, [k IN keys(n) | [k, typeOf(n[k])]] AS types`,
  );
  const edges = await pages<Row<StoredEdge>>(
    graph,
    `MATCH (a)-[e]->(b) WHERE id(e) > $last WITH a, e, b ORDER BY id(e) LIMIT $limit
     RETURN id(e) AS id, type(e) AS type, {uuid: a.uuid, labels: labels(a)} AS source,
            {uuid: b.uuid, labels: labels(b)} AS target, properties(e) AS properties,
            [k IN keys(e) | [k, typeOf(e[k])]] AS types`,
  );
  return { group: graph.group, nodes: inOrder(nodes).map(typed), edges: inOrder(edges).map(typed) };
}

const PAGE = 500;

async function pages<Row>(graph: GroupGraph, query: string): Promise<Row[]> {
  const all: Row[] = [];
  let last = -1;
  for (let size = PAGE; size === PAGE; ) {
    const page = await graph.read<Row & { id: number }>(query, { last, limit: PAGE });
    size = page.length;
    last = page.at(-1)?.id ?? last;
    all.push(...page.map(({ id: _, ...row }) => row as Row));
  }
  return all;
}

/** Sorted by uuid; elements without uuid come last, in order of creation. */
function inOrder<T extends { properties: Readonly<Record<string, unknown>> }>(rows: readonly T[]): T[] {
  const key = ({ properties: { uuid } }: T) => (typeof uuid === 'string' ? uuid : '~');
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
}

function typed<T extends StoredElement>({ types, ...rest }: Row<T>): T {
  return { ...rest, types: Object.fromEntries(types) } as unknown as T;
}

/** The text of a property; empty if the value is not text. */
export function textOf({ properties }: StoredElement, name: string): string {
  const value = properties[name];
  return typeof value === 'string' ? value : '';
}

/** The texts of a list; empty if the value is not a list. */
export function textsOf({ properties }: StoredElement, name: string): string[] {
  const value = properties[name];
  return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : [];
}

/** The name of an element in a violation. */
export function describeElement(element: StoredNode | StoredEdge): string {
  const kind = 'labels' in element ? element.labels.join(':') || 'a node without label' : element.type;
  const name = textOf(element, 'fact') || textOf(element, 'name') || textOf(element, 'key');
  return [kind, textOf(element, 'uuid'), name && JSON.stringify(name)].filter((part) => part !== '').join(' ');
}

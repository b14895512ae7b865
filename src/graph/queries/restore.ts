import { LABEL, type Param, type Params, quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';
import { operational } from '../schema.ts';

/** The properties of a new element; ends and labels are given separately. */
export interface RestoredRow {
  readonly properties: { readonly [name: string]: Param };
  /** Apart, since in a map they would be lists. */
  readonly vectors: { readonly [name: string]: readonly number[] };
  /** Whole numbers that are stored as numbers with a fraction; set over an integer of the same value they would change nothing. */
  readonly floats: { readonly [name: string]: number };
}

/** Which properties need a type that a parameter cannot have. */
export interface RestoredTypes {
  readonly vectors: readonly string[];
  readonly floats: readonly string[];
}

/** Creates nodes that have the same labels and types. */
export async function restoreNodes(
  graph: GroupGraph,
  labels: readonly string[],
  types: RestoredTypes,
  rows: readonly RestoredRow[],
): Promise<void> {
  const named = labels.map((label) => `:${quotedLabel(label)}`).join('');
  await graph.write(`UNWIND $rows AS row CREATE (x${named}) ${setAll(types)}`, { rows: rows as unknown as Param });
}

/** Gives `x` all properties of `row`. */
export function setAll({ vectors, floats }: RestoredTypes): string {
  const sets = [
    ...vectors.map((name) => `x.${checked(name)} = vecf32(row.vectors.${checked(name)})`),
    ...floats.map((name) => `x.${checked(name)} = toFloat(row.floats.${checked(name)})`),
  ];
  return ['SET x = row.properties', ...sets.map((set) => `SET ${set}`)].join(' ');
}

function checked(name: string): string {
  if (!LABEL.test(name)) throw new TypeError(`"${name}" cannot be the name of a property`);
  return name;
}

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

/** Makes an index by which the ends of edges are found while a graph is restored. */
export async function indexUuids(graph: GroupGraph, label: string): Promise<void> {
  await graph.write(`CREATE INDEX FOR (x:${quotedLabel(label)}) ON (x.uuid)`);
}

/** Takes it away again, since the schema's own index would not be made beside it. */
export async function dropUuidIndex(graph: GroupGraph, label: string): Promise<void> {
  await graph.write(`DROP INDEX FOR (x:${quotedLabel(label)}) ON (x.uuid)`);
}

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

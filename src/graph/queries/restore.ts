import type { GroupGraph } from '../group-graph.ts';
import { LABEL_PATTERN, type Param, type Params, quotedLabel } from '../query-text.ts';
import { waitUntilOperational } from '../schema.ts';

/** The properties of a node or edge to create; labels and ends are separate. */
export interface RestoredRow {
  readonly properties: { readonly [name: string]: Param };
  /** Separate, since in a map they would become lists. */
  readonly vectors: { readonly [name: string]: readonly number[] };
  /** Whole numbers that are stored as floats. They are set at creation: set over an equal integer they change nothing. */
  readonly floats: { readonly [name: string]: number };
}

/** The properties that need a type which parameters cannot have. */
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
  await graph.write(`UNWIND $rows AS row CREATE (x${named}) ${setProperties(types)}`, {
    rows: rows as unknown as Param,
  });
}

/** Cypher that sets all properties of `row` on `x`. */
export function setProperties({ vectors, floats }: RestoredTypes): string {
  const sets = [
    ...vectors.map((name) => `x.${checked(name)} = vecf32(row.vectors.${checked(name)})`),
    ...floats.map((name) => `x.${checked(name)} = toFloat(row.floats.${checked(name)})`),
  ];
  return ['SET x = row.properties', ...sets.map((set) => `SET ${set}`)].join(' ');
}

function checked(name: string): string {
  if (!LABEL_PATTERN.test(name)) throw new TypeError(`"${name}" cannot be the name of a property`);
  return name;
}

export interface RestoredEdge extends RestoredRow {
  /** uuids of both ends. */
  readonly source: string;
  readonly target: string;
}

/** What edges that are created together have in common. */
export interface EdgeKind {
  readonly type: string;
  /** A label of the ends with an index on `uuid`; '' means that all nodes are scanned. */
  readonly source: string;
  readonly target: string;
}

/**
 * Creates edges between existing nodes.
 * @returns number of created edges
 */
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
     CREATE (a)-[x:${quotedLabel(type)}]->(b) ${setProperties(types)}
     RETURN count(x) AS n`,
    { rows: rows as unknown as Param },
  );
  return row?.n ?? 0;
}

const labelled = (label: string): string => (label === '' ? '' : `:${quotedLabel(label)}`);

/** Creates the index by which the ends of edges are found during a restore. */
export async function indexUuids(graph: GroupGraph, label: string): Promise<void> {
  await graph.write(`CREATE INDEX FOR (x:${quotedLabel(label)}) ON (x.uuid)`);
}

/** Drops that index, since the schema's own index could not be created beside it. */
export async function dropUuidIndex(graph: GroupGraph, label: string): Promise<void> {
  await graph.write(`DROP INDEX FOR (x:${quotedLabel(label)}) ON (x.uuid)`);
}

/** The hash of a text, and the text's vector. */
export interface CheckpointedVector {
  readonly text: string;
  readonly vector: readonly number[];
}

/** Creates the index of the checkpoint. */
export async function prepareCheckpoint(graph: GroupGraph): Promise<void> {
  await graph.write('CREATE INDEX FOR (v:Vector) ON (v.text)').catch((error: unknown) => {
    // A process that began earlier created it.
    if (!(error instanceof Error && error.message.includes('already indexed'))) throw error;
  });
  await waitUntilOperational(graph);
}

/** The vectors of texts that were embedded before, by hash. */
export async function checkpointedVectors(
  graph: GroupGraph,
  texts: readonly string[],
): Promise<Map<string, readonly number[]>> {
  const rows = await graph.read<CheckpointedVector>(
    'UNWIND $texts AS text MATCH (v:Vector {text: text}) RETURN text, v.vector AS vector',
    { texts },
  );
  return new Map(rows.map(({ text, vector }) => [text, vector]));
}

export async function addToCheckpoint(graph: GroupGraph, vectors: readonly CheckpointedVector[]): Promise<void> {
  await graph.write('UNWIND $vectors AS x MERGE (v:Vector {text: x.text}) ON CREATE SET v.vector = vecf32(x.vector)', {
    vectors,
  } as unknown as Params);
}

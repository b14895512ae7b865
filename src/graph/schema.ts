import { setTimeout as sleep } from 'node:timers/promises';
import { EmbedderMismatchError, TimedOutError } from '../errors.ts';
import type { Embedder } from '../models/embedder.ts';
import { MINUTE } from '../time.ts';
import { STOPWORDS } from './fulltext.ts';
import type { GroupGraph } from './group-graph.ts';
import {
  type ExistingIndex,
  readEmbedder,
  readIndexes,
  type StoredEmbedder,
  writeEmbedder,
} from './queries/meta-nodes.ts';

const BUILT_WITHIN = 5 * MINUTE;
/** Raise with every new index: graphs of an older release get the missing indexes when they are next used. */
export const SCHEMA = 3;

interface Index {
  readonly label: string;
  readonly kind: 'RANGE' | 'FULLTEXT' | 'VECTOR';
  readonly properties: readonly string[];
  readonly statement: string;
}

const nodes = (label: string, ...properties: string[]): Index => ({
  label,
  kind: 'RANGE',
  properties,
  statement: `CREATE INDEX FOR (x:${label}) ON (${properties.map((property) => `x.${property}`).join(', ')})`,
});
const edges = (label: string, ...properties: string[]): Index => ({
  label,
  kind: 'RANGE',
  properties,
  statement: `CREATE INDEX FOR ()-[x:${label}]-() ON (${properties.map((property) => `x.${property}`).join(', ')})`,
});
const words = (label: string, ...properties: string[]): Index => ({
  label,
  kind: 'FULLTEXT',
  properties,
  statement: `CALL db.idx.fulltext.createNodeIndex({label: '${label}', stopwords: ${JSON.stringify(STOPWORDS)}}, ${properties.map((property) => `'${property}'`).join(', ')})`,
});
// FalkorDB's defaults are 16, 200 and 10. These values make insertions cost less than half. A search compensates by comparing more vectors,
// each of which costs at most a microsecond (docs/performance.md).
const HNSW = 'M: 12, efConstruction: 48';
// The search must find the twenty nearest facts, and for each new name of an episode the five nearest names.
const [MANY, FEW] = [200, 64];
const vectors = (pattern: string, label: string, property: string, dimension: number, efRuntime: number): Index => ({
  label,
  kind: 'VECTOR',
  properties: [property],
  statement: `CREATE VECTOR INDEX FOR ${pattern} ON (x.${property}) OPTIONS {dimension: ${dimension}, similarityFunction: 'cosine', ${HNSW}, efRuntime: ${efRuntime}}`,
});

/**
 * Graphiti's indexes (graphiti_core 0.29, graph_queries.py), the vector indexes that it lacks, and ours. FalkorDB refuses a whole index if
 * one of its properties is indexed already, so each property is checked.
 */
function indexes(dimension: number): Index[] {
  return [
    nodes('Entity', 'uuid', 'group_id', 'name', 'created_at'),
    nodes('Episodic', 'uuid', 'group_id', 'created_at', 'valid_at'),
    nodes('Community', 'uuid'),
    nodes('Saga', 'uuid', 'group_id', 'name'),
    nodes('_Meta', 'key'),
    edges('RELATES_TO', 'uuid', 'group_id', 'name', 'created_at', 'expired_at', 'valid_at', 'invalid_at'),
    edges('MENTIONS', 'uuid', 'group_id'),
    edges('HAS_MEMBER', 'uuid'),
    edges('HAS_EPISODE', 'uuid', 'group_id'),
    edges('NEXT_EPISODE', 'uuid', 'group_id'),
    words('Episodic', 'content', 'source', 'source_description', 'group_id'),
    words('Entity', 'name', 'summary', 'group_id'),
    words('Community', 'name', 'group_id'),
    nodes('_Statement', 'key', 'episode'),
    // Separate, since a graph of an older release has the others.
    nodes('_Statement', 'valid_at'),
    nodes('_Passage', 'episode'),
    nodes('_PassageVector', 'episode'),
    words('_Alias', 'alias'),
    {
      label: 'RELATES_TO',
      kind: 'FULLTEXT',
      properties: ['name', 'fact', 'group_id'],
      statement: 'CREATE FULLTEXT INDEX FOR ()-[x:RELATES_TO]-() ON (x.name, x.fact, x.group_id)',
    },
    {
      label: '_Passage',
      kind: 'FULLTEXT',
      properties: ['terms'],
      // These terms are analysed already.
      statement:
        "CALL db.idx.fulltext.createNodeIndex({label: '_Passage', stopwords: []}, {field: 'terms', nostem: true})",
    },
    vectors('(x:_PassageVector)', '_PassageVector', 'embedding', dimension, MANY),
    vectors('(x:Entity)', 'Entity', 'name_embedding', dimension, FEW),
    vectors('()-[x:RELATES_TO]-()', 'RELATES_TO', 'fact_embedding', dimension, MANY),
  ];
}

/** Labels of nodes that these indexes find by uuid. */
export const UUID_INDEXED_LABELS: readonly string[] = ['Entity', 'Episodic', 'Community', 'Saga'];

/** Creates missing indexes; the stored embedder shows that all exist. @throws EmbedderMismatchError */
export async function prepareSchema(graph: GroupGraph, embedder: Embedder): Promise<boolean> {
  const noted = await readEmbedder(graph);
  compare(graph, noted, embedder);
  await makeIndexes(graph, indexes(embedder.dimension));
  if (!noted?.model || noted.schema < SCHEMA) await writeEmbedder(graph, embedder, SCHEMA);
  // If two processes prepare with different embedders, only one was stored.
  compare(graph, await readEmbedder(graph), embedder);
  return true;
}

/** Creates all indexes of an empty graph; the caller that fills the graph stores the embedder. */
export async function createIndexes(graph: GroupGraph, dimension: number): Promise<void> {
  await makeIndexes(graph, indexes(dimension));
}

/** Creates Graphiti's own indexes, for a graph without a stored embedder. @throws TimedOutError while they are being built */
export async function createGraphitiIndexes(graph: GroupGraph): Promise<void> {
  const isOurs = ({ kind, label }: Index) => kind === 'VECTOR' || label.startsWith('_');
  await makeIndexes(
    graph,
    indexes(0).filter((index) => !isOurs(index)),
  );
}

async function makeIndexes(graph: GroupGraph, indexes: readonly Index[]): Promise<void> {
  const existing = await readIndexes(graph);
  for (const index of indexes) {
    if (isThere(index, existing)) continue;
    try {
      await graph.write(index.statement);
    } catch (error) {
      // Another process made it after our check.
      if (!(error instanceof Error && error.message.includes('already indexed'))) throw error;
    }
  }
  await waitUntilOperational(graph);
}

/**
 * Waits until every index can be queried. FalkorDB builds indexes in the background, an empty one usually within milliseconds, and answers
 * "Invalid arguments" for a vector index until then.
 */
export async function waitUntilOperational(graph: GroupGraph, limit = BUILT_WITHIN): Promise<void> {
  for (const end = Date.now() + limit; ; await sleep(5)) {
    const pending = (await readIndexes(graph)).filter(({ status }) => status !== 'OPERATIONAL');
    if (pending.length === 0) return;
    if (Date.now() > end)
      throw new TimedOutError(`The indexes of the memory "${graph.group}" are still being built; try again later.`);
  }
}

function isThere(index: Index, existing: ExistingIndex[]): boolean {
  return existing.some(
    ({ label, types }) =>
      label === index.label && index.properties.some((property) => types[property]?.includes(index.kind)),
  );
}

/**
 * False while there is nothing to search. A graph that Python or an older release wrote gets its missing indexes.
 * @throws EmbedderMismatchError
 */
export async function checkEmbedder(graph: GroupGraph, embedder: Embedder): Promise<boolean> {
  const stored = await readEmbedder(graph);
  if (!stored) return false;
  compare(graph, stored, embedder);
  return stored.model === null || stored.schema < SCHEMA ? prepareSchema(graph, embedder) : true;
}

/** Whether `checkEmbedder` would find nothing to do. */
export function isPreparedFor(
  stored: StoredEmbedder | null,
  { model, dimension }: Pick<Embedder, 'model' | 'dimension'>,
): boolean {
  return stored?.model === model && stored.dimension === dimension && stored.schema >= SCHEMA;
}

/** Compares as `checkEmbedder` does, and changes nothing. @throws EmbedderMismatchError */
export async function compareEmbedder(
  graph: GroupGraph,
  embedder: Pick<Embedder, 'model' | 'dimension'>,
): Promise<void> {
  compare(graph, await readEmbedder(graph), embedder);
}

function compare(
  graph: GroupGraph,
  stored: StoredEmbedder | undefined,
  embedder: Pick<Embedder, 'model' | 'dimension'>,
): void {
  const mismatch = stored && embedderMismatch(graph.group, stored, embedder);
  if (mismatch) throw mismatch;
}

/** Undefined if the embedder's vectors can be compared with those of the graph. */
export function embedderMismatch(
  group: string,
  stored: Pick<StoredEmbedder, 'model' | 'dimension'>,
  embedder: Pick<Embedder, 'model' | 'dimension'>,
): EmbedderMismatchError | undefined {
  const sameModel = stored.model === null || stored.model === embedder.model;
  if (sameModel && stored.dimension === embedder.dimension) return undefined;
  return new EmbedderMismatchError(
    `The memory "${group}" was written with the embedder ${stored.model ?? 'of an unknown name'} (${stored.dimension} dimensions), not ${embedder.model} (${embedder.dimension}); change its vectors with \`memory-manager reembed --group ${group}\`, or use that embedder again.`,
  );
}

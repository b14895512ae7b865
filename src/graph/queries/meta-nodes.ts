import type { Embedder } from '../../models/embedder.ts';
import { fromGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { quotedLabel } from '../query-text.ts';
import { exportExtent, type GraphExtent } from './export.ts';
import { type ChangeHead, readChangeHead } from './fence.ts';
import { instant, isAfter } from './time-conditions.ts';

/** One row, `isEmpty`: true for a graph without stored content, even if it has indexes. */
export const IS_EMPTY_GRAPH = `OPTIONAL MATCH (n) WHERE NOT ('_Meta' IN labels(n) AND n.key IN ['embedder', 'fence'])
     WITH n LIMIT 1 RETURN n IS NULL AS isEmpty`;

export async function isEmptyGraph(graph: Pick<GroupGraph, 'read'>): Promise<boolean> {
  const [row] = await graph.read<{ isEmpty: boolean }>(IS_EMPTY_GRAPH);
  return row?.isEmpty ?? true;
}

/** False for a graph that another program filled with other data. */
export async function isMemoryGraph(graph: GroupGraph): Promise<boolean> {
  const labels = await graph.read<{ label: string }>('CALL db.labels() YIELD label RETURN label');
  return labels.some(({ label }) => label === 'Episodic' || label === 'Entity');
}

export interface GraphSize {
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
  readonly nodes: number;
}

export async function countGraph(graph: GroupGraph): Promise<GraphSize> {
  const count = async (pattern: string): Promise<number> =>
    (await graph.read<{ n: number }>(`MATCH ${pattern} RETURN count(x) AS n`))[0]?.n ?? 0;
  const [episodes, entities, facts, nodes] = await Promise.all([
    count('(x:Episodic)'),
    count('(x:Entity)'),
    count('()-[x:RELATES_TO]->()'),
    count('(x)'),
  ]);
  return { episodes, entities, facts, nodes };
}

/** Indexed times. Those that only this program writes are always in UTC. */
const TIMES = [
  { pattern: '()-[x:RELATES_TO]->()', field: 'valid_at', isAlwaysUtc: false },
  { pattern: '()-[x:RELATES_TO]->()', field: 'invalid_at', isAlwaysUtc: false },
  { pattern: '(x:Episodic)', field: 'valid_at', isAlwaysUtc: false },
  { pattern: '(x:_Statement)', field: 'valid_at', isAlwaysUtc: true },
  { pattern: '(x:_Expiring)', field: 'expires_at', isAlwaysUtc: true },
] as const;

/**
 * The next moment after `since`, up to `until`, at which a fact, an episode or a statement begins, a fact ends or an episode expires, so that an answer about
 * the present may change; undefined if there is none. Times with other offsets cannot be compared as texts and are compared here.
 */
export async function nextTimedChange(graph: GroupGraph, since: Date, until: Date): Promise<Date | undefined> {
  const [from, to] = [instant(since), instant(until)];
  // FalkorDB 4.16 sometimes ignores a bound on an index, so the rows are compared again.
  const inUtc = TIMES.map(
    ({ pattern, field }) =>
      `MATCH ${pattern} WHERE x.${field} > $from AND x.${field} <= $to
       WITH x.${field} AS time WHERE time > $from AND time <= $to
       RETURN min(time) AS time`,
  );
  const inOtherOffsets = TIMES.filter(({ isAlwaysUtc }) => !isAlwaysUtc).map(
    ({ pattern, field }) =>
      `MATCH ${pattern} WHERE x.${field} > $earliest AND x.${field} <= $latest
       WITH x.${field} AS time WHERE NOT time ENDS WITH '+00:00'
       RETURN DISTINCT time`,
  );
  const rows = await graph.read<{ time: string | null }>([...inUtc, ...inOtherOffsets].join('\nUNION\n'), {
    from: from.at,
    to: to.at,
    earliest: from.dayBefore,
    latest: to.dayAfter,
  });
  const times = rows.flatMap(({ time }) =>
    isAfter(time, from) && !isAfter(time, to) ? (fromGraphTime(time ?? '') ?? []) : [],
  );
  return times.sort((a, b) => a.getTime() - b.getTime())[0];
}

/** The embedder of the graph's vectors. In a graph that Python wrote the model has no name. */
export interface StoredEmbedder {
  readonly model: string | null;
  readonly dimension: number;
  /** The version of the indexes; see `schema.ts`. */
  readonly schema: number;
}

export async function readEmbedder(graph: GroupGraph): Promise<StoredEmbedder | undefined> {
  const [noted] = await graph.read<StoredEmbedder>(
    `MATCH (m:_Meta {key: 'embedder'}) RETURN m.model AS model, m.dimension AS dimension, coalesce(m.schema, 1) AS schema`,
  );
  if (noted) return noted;
  const [sample] = await graph.read<{ vector: number[] }>(
    `MATCH (n:Entity) WHERE n.name_embedding IS NOT NULL RETURN n.name_embedding AS vector LIMIT 1`,
  );
  return sample && { model: null, dimension: sample.vector.length, schema: 0 };
}

/** Stores the embedder, unless one is stored, and the version of the indexes. A rebuild creates the indexes from this node. */
export async function writeEmbedder(graph: GroupGraph, embedder: Embedder, schema: number): Promise<void> {
  await graph.change(
    `MERGE (m:_Meta {key: 'embedder'}) ON CREATE SET m.model = $model, m.dimension = $dimension SET m.schema = $schema`,
    {
      schema,
      model: embedder.model,
      dimension: embedder.dimension,
    },
  );
}

export interface ExistingIndex {
  readonly label: string;
  /** The kinds of index of each property: `RANGE`, `FULLTEXT`, `VECTOR`. */
  readonly types: Readonly<Record<string, readonly string[]>>;
  /** `OPERATIONAL` once the index can be queried. */
  readonly status: string;
}

export function readIndexes(graph: GroupGraph): Promise<ExistingIndex[]> {
  return graph.read('CALL db.indexes() YIELD label, types, status RETURN label, types, status');
}

/** The entries of one label's vector index. */
export interface VectorIndexStats {
  readonly label: string;
  readonly isOfEdges: boolean;
  /** Entries that exist and can be found. */
  readonly entries: number;
  /** Old values and removed entries: the index counts them among the nearest but does not return them. */
  readonly ghosts: number;
  /** Whether the indexes were rebuilt an odd number of times; see `rebuildLabelIndexes`. */
  readonly isMarked: boolean;
}

/** An unused property. Creating or dropping its index makes FalkorDB rebuild all indexes of the label. */
export const REBUILD_TOGGLE = '_renewed';

/** One row per label with a vector index; none for an index that is being built. */
export function readVectorIndexStats(graph: GroupGraph): Promise<VectorIndexStats[]> {
  return graph.read(
    `CALL db.indexes() YIELD label, entitytype, types, status, info
     WITH label, collect(status) AS statuses, collect([entitytype, types, info])[0] AS index
     WHERE all(status IN statuses WHERE status = 'OPERATIONAL') AND any(key IN keys(index[1]) WHERE 'VECTOR' IN index[1][key])
     RETURN label, index[0] = 'RELATIONSHIP' AS isOfEdges, index[2].numDocuments AS entries,
            index[2].maxDocId - index[2].numDocuments AS ghosts, '${REBUILD_TOGGLE}' IN keys(index[1]) AS isMarked`,
  );
}

/**
 * Makes FalkorDB rebuild the indexes of a label in the background; the old ones answer until the new ones are ready. FalkorDB has no
 * command for it, but creating any index does it, and so does dropping that index the next time.
 */
export async function rebuildLabelIndexes(
  graph: GroupGraph,
  { label, isOfEdges, isMarked }: Pick<VectorIndexStats, 'label' | 'isOfEdges' | 'isMarked'>,
): Promise<void> {
  const pattern = isOfEdges ? `()-[x:${quotedLabel(label)}]-()` : `(x:${quotedLabel(label)})`;
  await graph.write(`${isMarked ? 'DROP' : 'CREATE'} INDEX FOR ${pattern} ON (x.${REBUILD_TOGGLE})`);
}

/** Values that are cheap to read and that nearly every change of a graph changes. */
export type GraphFingerprint = GraphExtent & ChangeHead & { readonly committed: number; readonly removed: number };

export async function readGraphFingerprint(graph: GroupGraph): Promise<GraphFingerprint> {
  const [extent, head, [episodes]] = await Promise.all([
    exportExtent(graph),
    readChangeHead(graph),
    graph.read<{ committed: number; removed: number }>(
      'MATCH (m:_Meta) RETURN count(m.committed_at) AS committed, count(m.removed_at) AS removed',
    ),
  ]);
  return { ...extent, ...head, committed: episodes?.committed ?? 0, removed: episodes?.removed ?? 0 };
}

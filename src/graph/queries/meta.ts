import type { Embedder } from '../../models/embedder.ts';
import { fromGraphTime } from '../../time.ts';
import { quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';
import { type Extent, exportExtent } from './export.ts';
import { type ChangeHead, readChangeHead } from './fence.ts';
import { instant, isAfter } from './moment.ts';

/** One row, `isEmpty`: true for a graph that remembers nothing, though it may be prepared for it. */
export const IS_EMPTY = `OPTIONAL MATCH (n) WHERE NOT ('_Meta' IN labels(n) AND n.key IN ['embedder', 'fence'])
     WITH n LIMIT 1 RETURN n IS NULL AS isEmpty`;

export async function isEmpty(graph: Pick<GroupGraph, 'read'>): Promise<boolean> {
  const [row] = await graph.read<{ isEmpty: boolean }>(IS_EMPTY);
  return row?.isEmpty ?? true;
}

/** False for a graph in which another program keeps something else. */
export async function isMemory(graph: GroupGraph): Promise<boolean> {
  const labels = await graph.read<{ label: string }>('CALL db.labels() YIELD label RETURN label');
  return labels.some(({ label }) => label === 'Episodic' || label === 'Entity');
}

export interface GraphCounts {
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
  readonly nodes: number;
}

export async function countGraph(graph: GroupGraph): Promise<GraphCounts> {
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

const TIMES = [
  ['()-[x:RELATES_TO]->()', 'valid_at'],
  ['()-[x:RELATES_TO]->()', 'invalid_at'],
  ['(x:Episodic)', 'valid_at'],
] as const;

/**
 * The first moment after `since` and not after `until` at which a fact or an episode begins or a fact ends, so that an answer about the present may
 * become another one; undefined for none. Times of other offsets are compared here, since as texts they cannot be.
 */
export async function nextBoundary(graph: GroupGraph, since: Date, until: Date): Promise<Date | undefined> {
  const [from, to] = [instant(since), instant(until)];
  // FalkorDB 4.16 takes a bound of an index for none now and then; what comes is compared once more.
  const branches = TIMES.flatMap(([pattern, field]) => [
    `MATCH ${pattern} WHERE x.${field} > $from AND x.${field} <= $to
     WITH x.${field} AS time WHERE time > $from AND time <= $to
     RETURN min(time) AS time`,
    `MATCH ${pattern} WHERE x.${field} > $earliest AND x.${field} <= $latest
     WITH x.${field} AS time WHERE NOT time ENDS WITH '+00:00'
     RETURN DISTINCT time`,
  ]);
  const rows = await graph.read<{ time: string | null }>(branches.join('\nUNION\n'), {
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

/** The embedder that the graph's vectors are of; a graph that Python wrote does not tell its model's name. */
export interface StoredEmbedder {
  readonly model: string | null;
  readonly dimension: number;
  /** Which indexes there are; see `schema.ts`. */
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

/** Notes the embedder where none is noted, and which indexes there are. A rebuilt graph gets its indexes by it. */
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
  /** For each indexed property the kinds of its indexes: `RANGE`, `FULLTEXT`, `VECTOR`. */
  readonly types: Readonly<Record<string, readonly string[]>>;
  /** `OPERATIONAL` once it can be asked. */
  readonly status: string;
}

export function readIndexes(graph: GroupGraph): Promise<ExistingIndex[]> {
  return graph.read('CALL db.indexes() YIELD label, types, status RETURN label, types, status');
}

/** What the vector index of one label holds. */
export interface Ghosts {
  readonly label: string;
  readonly isOfEdges: boolean;
  /** What is there and can be found. */
  readonly entries: number;
  /** What such entries were before each change, and what was removed: counted among the nearest, and left out of answers. */
  readonly ghosts: number;
  /** Its indexes have been renewed an odd number of times; see `toggleIndex`. */
  readonly isMarked: boolean;
}

/** An unused property; adding or dropping its index makes FalkorDB rebuild all indexes of the label. */
export const MARK = '_renewed';

/** Of each label with a vector index; none for one that is being built. */
export function readGhosts(graph: GroupGraph): Promise<Ghosts[]> {
  return graph.read(
    `CALL db.indexes() YIELD label, entitytype, types, status, info
     WITH label, collect(status) AS statuses, collect([entitytype, types, info])[0] AS it
     WHERE all(status IN statuses WHERE status = 'OPERATIONAL') AND any(key IN keys(it[1]) WHERE 'VECTOR' IN it[1][key])
     RETURN label, it[0] = 'RELATIONSHIP' AS isOfEdges, it[2].numDocuments AS entries,
            it[2].maxDocId - it[2].numDocuments AS ghosts, '${MARK}' IN keys(it[1]) AS isMarked`,
  );
}

/**
 * Makes FalkorDB rebuild the indexes of a label in the background; the old ones answer until the new ones are ready. FalkorDB has no
 * command for it, but adding any index does it, and dropping that index does it the next time.
 */
export async function toggleIndex(
  graph: GroupGraph,
  { label, isOfEdges, isMarked }: Pick<Ghosts, 'label' | 'isOfEdges' | 'isMarked'>,
): Promise<void> {
  const pattern = isOfEdges ? `()-[x:${quotedLabel(label)}]-()` : `(x:${quotedLabel(label)})`;
  await graph.write(`${isMarked ? 'DROP' : 'CREATE'} INDEX FOR ${pattern} ON (x.${MARK})`);
}

/** Values that nearly every change of a graph changes, and that are cheap to read. */
export type Outline = Extent & ChangeHead & { readonly committed: number; readonly removed: number };

export async function readOutline(graph: GroupGraph): Promise<Outline> {
  const [extent, head, [episodes]] = await Promise.all([
    exportExtent(graph),
    readChangeHead(graph),
    graph.read<{ committed: number; removed: number }>(
      'MATCH (m:_Meta) RETURN count(m.committed_at) AS committed, count(m.removed_at) AS removed',
    ),
  ]);
  return { ...extent, ...head, committed: episodes?.committed ?? 0, removed: episodes?.removed ?? 0 };
}

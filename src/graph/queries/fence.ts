import type { GroupGraph } from '../group-graph.ts';

/** The lease of a write, and the state of the graph from which the write was computed. */
export interface Fenced {
  /** Number of the lease. */
  readonly fence: number;
  /** The fence of the graph before the first read for this write. */
  readonly seen: number;
  /** Id of the graph's last change at that read. Default: read when the change is made. */
  readonly after?: string;
}

/**
 * Begins a query that writes only if nobody has written since `$seen` was read. Binds the fence to `m`. The query ends with `RETURN_FENCE`:
 * without a row nothing was written. `$after` (the predecessor) and `$mark` (the change id) come from `change`.
 */
export const CHECK_FENCE = `MERGE (m:_Meta {key: 'fence'}) ON CREATE SET m.token = 0
     WITH m WHERE m.token = $seen AND m.token <= $fence AND coalesce(m.mark, '') = $after
     SET m.token = $fence, m.mark = $mark
     WITH m`;

export const RETURN_FENCE = 'RETURN m.token AS token';

/** Number of the lease under which the graph was last written; 0 for a new graph. */
export async function readFence(graph: GroupGraph): Promise<number> {
  const [row] = await graph.read<{ token: number }>(`MATCH (m:_Meta {key: 'fence'}) RETURN m.token AS token`);
  return row?.token ?? 0;
}

/**
 * Begins any other query that may write only while the graph has this head, a `headToken` and a `headChangeId`. `createFence` comes before, so
 * that a deleted graph differs from a new one.
 */
export const CHECK_HEAD = `MATCH (atHead:_Meta {key: 'fence'}) WHERE atHead.token = $headToken AND coalesce(atHead.mark, '') = $headChangeId
     WITH 1 AS atHead`;

/** Stores the fence of a new graph; an existing one stays. */
export async function createFence(graph: GroupGraph): Promise<void> {
  await graph.write(`MERGE (m:_Meta {key: 'fence'}) ON CREATE SET m.token = 0`);
}

/** Removes the fence of a graph that was never written under a lease, so that the graph is as before `createFence`. */
export async function removeUnusedFence(graph: GroupGraph): Promise<void> {
  await graph.write(`MATCH (m:_Meta {key: 'fence'}) WHERE m.token = 0 AND m.mark IS NULL DELETE m`);
}

const ATTEMPTS = 5;

/**
 * Raises the fence, so that a worker with an older lease can no longer write.
 * @returns the graph's fence; 0 if the graph was never written under a lease, in which case none is set
 */
export async function raiseFence(graph: GroupGraph, fence: number): Promise<number> {
  let seen = await readFence(graph);
  // A write under an older lease may come first. There are at most as many as workers that hang.
  for (let attempt = 0; attempt < ATTEMPTS && seen > 0 && seen < fence; attempt += 1) {
    await graph.change(`${CHECK_FENCE} ${RETURN_FENCE}`, { fence, seen });
    seen = await readFence(graph);
  }
  return seen;
}

/** Writes the lease and a new change id into a scratch graph. */
export const WRITE_FENCE = `MERGE (m:_Meta {key: 'fence'}) SET m.token = $fence, m.mark = $mark`;

/** The last change of a graph: its lease and its change id. The next change names it as its predecessor. */
export interface ChangeHead {
  /** 0 for a new graph. */
  readonly token: number;
  /** Stored as `mark`. '' for a new graph, and for a graph that only Python has changed. */
  readonly changeId: string;
}

export async function readChangeHead(graph: Pick<GroupGraph, 'read'>): Promise<ChangeHead> {
  const [row] = await graph.read<ChangeHead>(
    `MATCH (f:_Meta {key: 'fence'}) RETURN f.token AS token, coalesce(f.mark, '') AS changeId`,
  );
  return row ?? { token: 0, changeId: '' };
}

import type { GroupGraph } from '../group-graph.ts';

/** The lease of a write, and the state of the graph that the write was computed from. */
export interface Fenced {
  /** Number of the lease. */
  readonly fence: number;
  /** The fence that the graph had before anything was read for the write. */
  readonly seen: number;
}

/**
 * Begins a query that writes only if nothing was written since `$seen` was read; binds the fence to `m`. Such a query ends with
 * `RETURN_FENCE`: no row means that nothing was written. `$after` (the predecessor) and `$mark` (the change id) come from `change`.
 */
export const BEHIND_FENCE = `MERGE (m:_Meta {key: 'fence'}) ON CREATE SET m.token = 0
     WITH m WHERE m.token = $seen AND m.token <= $fence AND coalesce(m.mark, '') = $after
     SET m.token = $fence, m.mark = $mark
     WITH m`;

export const RETURN_FENCE = 'RETURN m.token AS token';

/** The number of the lease under which the graph was last written; 0 for a new graph. */
export async function readFence(graph: GroupGraph): Promise<number> {
  const [row] = await graph.read<{ token: number }>(`MATCH (m:_Meta {key: 'fence'}) RETURN m.token AS token`);
  return row?.token ?? 0;
}

const ATTEMPTS = 5;

/**
 * Raises the fence of a graph that was written under a lease, so that a worker with an older lease can no longer write.
 * @returns the graph's fence; 0 for a graph that was never written under a lease, which gets none
 */
export async function stampFence(graph: GroupGraph, fence: number): Promise<number> {
  let seen = await readFence(graph);
  // A late write of an older lease may come first; there are at most as many as frozen workers.
  for (let attempt = 0; attempt < ATTEMPTS && seen > 0 && seen < fence; attempt += 1) {
    await graph.change(`${BEHIND_FENCE} ${RETURN_FENCE}`, { fence, seen });
    seen = await readFence(graph);
  }
  return seen;
}

/** Writes the lease and a new change id into a scratch graph. */
export const WRITE_FENCE = `MERGE (m:_Meta {key: 'fence'}) SET m.token = $fence, m.mark = $mark`;

/** The last change of a graph, which the next change names as its predecessor: its lease and its change id. */
export interface ChangeHead {
  /** 0 for a new graph. */
  readonly token: number;
  /** Stored as `mark`. '' for a new graph, and for one that only Python has changed. */
  readonly changeId: string;
}

export async function readChangeHead(graph: Pick<GroupGraph, 'read'>): Promise<ChangeHead> {
  const [row] = await graph.read<ChangeHead>(
    `MATCH (f:_Meta {key: 'fence'}) RETURN f.token AS token, coalesce(f.mark, '') AS changeId`,
  );
  return row ?? { token: 0, changeId: '' };
}

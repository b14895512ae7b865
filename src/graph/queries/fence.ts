import type { GroupGraph } from '../group-graph.ts';

/** Under which lease something is written, and what the graph looked like when it was worked out. */
export interface Fenced {
  /** Number of the lease. */
  readonly fence: number;
  /** The fence that the graph had before anything was read for the write. */
  readonly seen: number;
}

/**
 * Begins a query whose changes happen only when nobody has written since `$seen` was read; binds the fence to `m`. A query
 * that begins so ends with `RETURN_FENCE`: no row means that nothing was written. `$after` and `$mark` come from `change`.
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
 * Notes in a graph that has been written under a lease that a later one was taken, so that whoever still holds an older one
 * without knowing can write no more.
 * @returns the fence that the graph has now; 0 for a graph that no lease was ever needed for, which gets none
 */
export async function stampFence(graph: GroupGraph, fence: number): Promise<number> {
  let seen = await readFence(graph);
  // Refused by a late write of an older lease; there are no more of them than workers that were frozen.
  for (let attempt = 0; attempt < ATTEMPTS && seen > 0 && seen < fence; attempt += 1) {
    await graph.change(`${BEHIND_FENCE} ${RETURN_FENCE}`, { fence, seen });
    seen = await readFence(graph);
  }
  return seen;
}

/** Notes the lease under which a graph that nobody else sees was written, and a mark of its own for that. */
export const WRITE_FENCE = `MERGE (m:_Meta {key: 'fence'}) SET m.token = $fence, m.mark = $mark`;

/** Behind which change the next one comes: the lease that wrote last, and the mark of what it wrote. */
export interface Mark {
  /** 0 for a new graph. */
  readonly token: number;
  /** '' for a new graph, and for one that was never changed by a program that leaves marks. */
  readonly mark: string;
}

export async function readMark(graph: Pick<GroupGraph, 'read'>): Promise<Mark> {
  const [row] = await graph.read<Mark>(
    `MATCH (f:_Meta {key: 'fence'}) RETURN f.token AS token, coalesce(f.mark, '') AS mark`,
  );
  return row ?? { token: 0, mark: '' };
}

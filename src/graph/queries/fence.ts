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

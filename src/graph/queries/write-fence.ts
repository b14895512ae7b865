/** Notes the lease under which a graph that nobody else sees was written, and a mark of its own for that. */
export const WRITE_FENCE = `MERGE (m:_Meta {key: 'fence'}) SET m.token = $fence, m.mark = $mark`;

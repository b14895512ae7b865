/** An entity as the searches return it; dates as the graph has them. */
export interface EntityRow {
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly summary: string;
  readonly createdAt: string | null;
  /** See `EntityTimes`. */
  readonly seen: readonly string[];
}

/** Returns what is bound to `node` and `seen` as `EntityRow`s. */
export const RETURN_ENTITIES = `
RETURN node.uuid AS uuid, node.name AS name, labels(node) AS labels, coalesce(node.summary, '') AS summary,
       node.created_at AS createdAt, seen`;

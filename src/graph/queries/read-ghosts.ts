import type { GroupGraph } from '../group-graph.ts';

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

/** The name of no property; indexing it, and no longer indexing it, has FalkorDB build all indexes of the label anew. */
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

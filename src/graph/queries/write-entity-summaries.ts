import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';

export interface EntitySummaries extends Fenced {
  readonly summaries: readonly {
    /** Key of the note, which is done with. */
    readonly key: string;
    readonly uuid: string;
    /** The summary as it was when the new one was worked out. */
    readonly was: string;
    readonly summary: string;
  }[];
  /** Keys of notes on entities that are gone. */
  readonly gone: readonly string[];
}

/**
 * Gives false, having written nothing, when somebody has written since `seen` was read. What was learnt of an entity while its
 * summary was being told would be lost with it, so that such a one stays as it is, and noted.
 */
export async function writeEntitySummaries(
  graph: GroupGraph,
  { fence, seen, summaries, gone }: EntitySummaries,
): Promise<boolean> {
  const rows = await graph.change(
    `${BEHIND_FENCE}
     CALL {
       UNWIND $summaries AS x
       MATCH (n:Entity {uuid: x.uuid}) WHERE coalesce(n.summary, '') = x.was
       WITH x, n
       MATCH (k:_Meta {key: x.key})
       SET n.summary = x.summary
       DELETE k
       RETURN count(*) AS written
     }
     CALL {
       UNWIND $gone AS key
       MATCH (k:_Meta {key: key})
       DELETE k
       RETURN count(*) AS removed
     }
     ${RETURN_FENCE}`,
    { fence, seen, summaries: summaries.map((it) => ({ ...it })), gone: [...gone] },
  );
  return rows.length > 0;
}

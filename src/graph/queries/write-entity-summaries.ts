import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';

export interface EntitySummaries extends Fenced {
  readonly summaries: readonly { readonly uuid: string; readonly summary: string }[];
  /** Keys of the notes that are done with. */
  readonly done: readonly string[];
}

/** Gives false, having written nothing, when somebody has written since `seen` was read. */
export async function writeEntitySummaries(
  graph: GroupGraph,
  { fence, seen, summaries, done }: EntitySummaries,
): Promise<boolean> {
  const rows = await graph.write(
    `${BEHIND_FENCE}
     CALL {
       UNWIND $summaries AS x
       MATCH (n:Entity {uuid: x.uuid})
       SET n.summary = x.summary
       RETURN count(*) AS written
     }
     CALL {
       UNWIND $done AS key
       MATCH (k:_Meta {key: key})
       DELETE k
       RETURN count(*) AS removed
     }
     ${RETURN_FENCE}`,
    { fence, seen, summaries: summaries.map((it) => ({ ...it })), done: [...done] },
  );
  return rows.length > 0;
}

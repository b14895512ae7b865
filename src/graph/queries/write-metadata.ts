import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';

export interface ChangedMetadata extends Fenced {
  readonly episode: string;
  /** JSON, as they were read. */
  readonly was: string;
  readonly metadata: string;
}

/** Gives false, having changed nothing, when they are no longer what was read or somebody has written since `seen`. */
export async function writeMetadata(graph: GroupGraph, written: ChangedMetadata): Promise<boolean> {
  const rows = await graph.change(
    `${BEHIND_FENCE}
     MATCH (k:_Meta {key: 'episode:' + $episode}) WHERE k.metadata = $was AND k.removed_at IS NULL
     SET k.metadata = $metadata
     ${RETURN_FENCE}`,
    { ...written },
  );
  return rows.length > 0;
}

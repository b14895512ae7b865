import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';

export interface SagaSummary extends Fenced {
  readonly saga: string;
  /** `summarizedAt` as it was when the episodes were read; '' for none. */
  readonly was: string;
  readonly summary: string;
  /** Dates in the graph's format. */
  readonly summarizedAt: string;
  readonly summarizedValidAt: string;
}

/**
 * Gives false, having changed nothing of the saga, when somebody else has summarized it or has written since `seen` was read.
 */
export async function writeSagaSummary(graph: GroupGraph, written: SagaSummary): Promise<boolean> {
  const rows = await graph.change(
    `${BEHIND_FENCE}
     MATCH (s:Saga {uuid: $saga}) WHERE coalesce(s.last_summarized_at, '') = $was
     SET s.summary = $summary, s.last_summarized_at = $summarizedAt,
         s.last_summarized_episode_valid_at = $summarizedValidAt
     ${RETURN_FENCE}`,
    { ...written },
  );
  return rows.length > 0;
}

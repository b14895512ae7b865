import type { GroupGraph } from '../group-graph.ts';

export interface PreviousRow {
  readonly content: string;
  /** In the graph's format. */
  readonly referenceTime: string;
}

/**
 * The latest `count` episodes of the group up to a time (graph format) but for one, latest first; given facts are left out.
 * The index gives them in no order, so callers ask for a short time first. What it gives is compared once more: FalkorDB 4.16
 * takes an upper bound on an indexed text for none unless the lower one is a time like those that are stored.
 */
export function previousEpisodes(
  graph: GroupGraph,
  uuid: string,
  until: string,
  since: string,
  count: number,
): Promise<PreviousRow[]> {
  return graph.read(
    `MATCH (p:Episodic) WHERE p.valid_at >= $since AND p.valid_at <= $until
     WITH p WHERE coalesce(p.valid_at, '9') <= $until AND p.uuid <> $uuid AND p.source <> 'fact_triple'
     RETURN p.content AS content, p.valid_at AS referenceTime
     ORDER BY p.valid_at DESC, p.created_at DESC, p.uuid LIMIT $count`,
    { uuid, until, since, count },
  );
}

import type { GroupGraph } from '../group-graph.ts';

export interface SagaEpisodeRow {
  readonly uuid: string;
  readonly content: string;
  /** Dates in the graph's format. */
  readonly validAt: string;
  /** When it became part of the saga. */
  readonly linkedAt: string;
}

const EPISODES = `MATCH (s:Saga {uuid: $saga})-[h:HAS_EPISODE]->(p:Episodic)
     WITH p, min(coalesce(h.created_at, p.created_at, '')) AS linkedAt`;
const ROWS = `RETURN p.uuid AS uuid, p.content AS content, p.valid_at AS validAt, linkedAt`;

/**
 * Episodes that became part of a saga after `after` (graph format), the earliest first; all of them or the latest ones when
 * `after` is null. It is not the episode's own `created_at` that counts: one that was accepted earlier may come in later.
 */
export function readSagaEpisodes(
  graph: GroupGraph,
  saga: string,
  after: string | null,
  limit: number,
): Promise<SagaEpisodeRow[]> {
  const chosen =
    after === null
      ? `${ROWS} ORDER BY coalesce(validAt, '') DESC, uuid DESC LIMIT $limit`
      : `WHERE linkedAt > $after ${ROWS} ORDER BY linkedAt, uuid LIMIT $limit`;
  return graph.read(`${EPISODES} ${chosen}`, { saga, limit, ...(after !== null && { after }) });
}

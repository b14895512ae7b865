import type { GroupGraph } from '../group-graph.ts';

export interface StoredSaga {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  /** What was linked up to then is in the summary; graph format, null for nothing. */
  readonly summarizedAt: string | null;
  /** The latest time that the summary tells of. */
  readonly summarizedValidAt: string | null;
}

/** The saga of a name, or of a uuid. Of two that Python made of one name always the same one is taken. */
export async function readSaga(graph: GroupGraph, name: string): Promise<StoredSaga | undefined> {
  const [saga] = await graph.read<StoredSaga>(
    `MATCH (s:Saga) WHERE s.name = $name OR s.uuid = $name
     RETURN s.uuid AS uuid, s.name AS name, coalesce(s.summary, '') AS summary,
            s.last_summarized_at AS summarizedAt, s.last_summarized_episode_valid_at AS summarizedValidAt
     ORDER BY s.uuid LIMIT 1`,
    { name },
  );
  return saga;
}

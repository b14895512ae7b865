import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { episodeKey } from './record-episode.ts';

/** An episode in which nothing was found. */
export interface EmptyEpisode {
  readonly uuid: string;
  /** What it cost, as JSON; null for models that cost nothing. */
  readonly use: string | null;
}

/**
 * Notes recorded episodes that state nothing as committed, and gives the uuids of all that are in the graph, with whether it
 * was this that committed them. It needs no lease: nothing is worked out from the graph, and what is committed or removed
 * already stays as it is.
 */
export async function finishEpisodes(
  graph: GroupGraph,
  episodes: readonly EmptyEpisode[],
  now: Date,
): Promise<ReadonlyMap<string, boolean>> {
  // One row, since FalkorDB may be set to give only so many.
  const [all] = await graph.change<{ rows: { uuid: string; isOpen: boolean }[] }>(
    `UNWIND $episodes AS x
     MATCH (k:_Meta {key: x.key})
     WITH x, k, k.committed_at IS NULL AND k.removed_at IS NULL AS isOpen
     SET k.use = CASE WHEN isOpen THEN x.use ELSE k.use END,
         k.committed_at = CASE WHEN isOpen THEN $now ELSE k.committed_at END
     RETURN collect({uuid: x.uuid, isOpen: isOpen}) AS rows`,
    { episodes: episodes.map(({ uuid, use }) => ({ uuid, key: episodeKey(uuid), use })), now: toGraphTime(now) },
  );
  return new Map((all?.rows ?? []).map(({ uuid, isOpen }) => [uuid, isOpen]));
}

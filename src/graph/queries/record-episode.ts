import type { Episode } from '../../episode.ts';
import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';

export interface Recorded {
  readonly isCommitted: boolean;
  readonly isPrepared: boolean;
}

/**
 * Writes the raw episode, once. Metadata and progress stand on a `_Meta` node, since Python drops what it does not know
 * from `Episodic` nodes. There the text stands a second time, as `unread`, as long as no fact speaks for it: among so few a
 * question finds it quickly. Gives whether nothing is left to be done with it,
 * since it is committed or was removed, and whether the graph is prepared: one that was lost since is not.
 */
export async function recordEpisode(graph: GroupGraph, episode: Episode): Promise<Recorded> {
  const [row] = await graph.write<{ committedAt: string | null; embedder: string | null }>(
    `MERGE (m:_Meta {key: $key}) ON CREATE SET m.metadata = $metadata, m.episode = $uuid, m.unread = $content
     WITH m WHERE m.removed_at IS NULL
     MERGE (p:Episodic {uuid: $uuid}) ON CREATE SET p = $episode
     WITH m OPTIONAL MATCH (e:_Meta {key: 'embedder'})
     RETURN m.committed_at AS committedAt, e.model AS embedder`,
    {
      uuid: episode.uuid,
      key: episodeKey(episode.uuid),
      metadata: episode.metadata && JSON.stringify(episode.metadata),
      content: episode.content,
      episode: {
        uuid: episode.uuid,
        name: episode.name,
        group_id: graph.group,
        source: episode.source,
        source_description: episode.sourceDescription,
        content: episode.content,
        entity_edges: [],
        created_at: toGraphTime(episode.createdAt),
        valid_at: toGraphTime(episode.referenceTime),
      },
    },
  );
  // No row: it was removed, and stays so.
  return { isCommitted: !row || row.committedAt !== null, isPrepared: !row || row.embedder !== null };
}

/** The key of the `_Meta` node beside an episode. */
export const episodeKey = (uuid: string): string => `episode:${uuid}`;

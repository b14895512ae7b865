import type { GroupGraph } from '../group-graph.ts';

/** An episode as it was handed in; dates in the graph's format. */
export interface EpisodeListRow {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly source: string;
  readonly sourceDescription: string;
  readonly referenceTime: string;
  readonly createdAt: string;
  /** Null until its facts are in the graph. */
  readonly committedAt: string | null;
  /** JSON. */
  readonly metadata: string | null;
}

/** Those of latest reference time, the latest first. */
export function listEpisodes(graph: GroupGraph, limit: number): Promise<EpisodeListRow[]> {
  return graph.read(
    `MATCH (p:Episodic)
     WITH p ORDER BY p.valid_at DESC, p.created_at DESC, p.uuid LIMIT $limit
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + p.uuid})
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source AS source,
            p.source_description AS sourceDescription, p.valid_at AS referenceTime, p.created_at AS createdAt,
            k.committed_at AS committedAt, k.metadata AS metadata
     ORDER BY referenceTime DESC, createdAt DESC, uuid`,
    { limit },
  );
}

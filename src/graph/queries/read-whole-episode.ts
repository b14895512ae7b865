import type { GroupGraph } from '../group-graph.ts';

/** An episode with all that is kept of it; dates in the graph's format. */
export interface WholeEpisodeRow {
  readonly uuid: string;
  readonly name: string;
  readonly source: string;
  readonly sourceDescription: string;
  readonly referenceTime: string;
  readonly createdAt: string;
  /** Null until its facts are in the graph; also for episodes that Python wrote. */
  readonly committedAt: string | null;
  readonly content: string;
  readonly saga: string | null;
  /** JSON. */
  readonly metadata: string | null;
  /** What reading it cost, as a JSON list of `TokenUse`; null for models that cost nothing. */
  readonly use: string | null;
  /** Facts that it states or ended, those that began first before others. */
  readonly facts: readonly {
    readonly uuid: string;
    readonly fact: string;
    readonly validAt: string | null;
    readonly invalidAt: string | null;
  }[];
}

export async function readWholeEpisode(graph: GroupGraph, uuid: string): Promise<WholeEpisodeRow | undefined> {
  const [row] = await graph.read<WholeEpisodeRow>(
    `MATCH (p:Episodic {uuid: $uuid})
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + $uuid})
     OPTIONAL MATCH (s:Saga)-[:HAS_EPISODE]->(p)
     CALL {
       WITH p
       UNWIND coalesce(p.entity_edges, []) AS stated
       MATCH ()-[e:RELATES_TO {uuid: stated}]->()
       WITH DISTINCT e ORDER BY e.valid_at, e.fact
       RETURN collect({uuid: e.uuid, fact: e.fact, validAt: e.valid_at, invalidAt: e.invalid_at}) AS facts
     }
     RETURN p.uuid AS uuid, p.name AS name, p.source AS source, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime, p.created_at AS createdAt, k.committed_at AS committedAt, p.content AS content,
            s.name AS saga, k.metadata AS metadata, k.use AS use, facts LIMIT 1`,
    { uuid },
  );
  return row;
}

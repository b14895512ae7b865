import type { Episode } from '../../episode.ts';
import { PASSAGE_VERSION, passagesOf } from '../../passages/passages.ts';
import { statementsOf } from '../../statements/statement.ts';
import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { PASSAGE_PROPERTIES } from './passages.ts';
import { STATEMENT_PROPERTIES, statementRow } from './statements.ts';

export interface Recorded {
  readonly isCommitted: boolean;
  readonly isPrepared: boolean;
}

interface RecordedRow {
  readonly uuid: string;
  readonly committedAt: string | null;
  readonly embedder: string | null;
}

/**
 * Writes raw episodes, each once, and gives for each whether nothing is left to be done with it, since it is committed or was
 * removed, and whether the graph is prepared: one that was lost since is not. Metadata and progress stand on a `_Meta` node,
 * since Python drops what it does not know from `Episodic` nodes. With the episode come its passages, by which it is found before
 * any model has read it. What the text says by which other statements end is written with it.
 */
export async function recordEpisodes(graph: GroupGraph, episodes: readonly Episode[]): Promise<Recorded[]> {
  const distinct = [...new Map(episodes.map((episode) => [episode.uuid, episode])).values()];
  // One row, since FalkorDB may be set to give only so many.
  const [all] = await graph.change<{ rows: RecordedRow[] }>(
    `UNWIND $episodes AS x
     MERGE (m:_Meta {key: x.key}) ON CREATE SET m.metadata = x.metadata, m.episode = x.uuid
     WITH x, m WHERE m.removed_at IS NULL
     MERGE (p:Episodic {uuid: x.uuid}) ON CREATE SET p = x.node
     WITH x, m OPTIONAL MATCH (said:_Statement {episode: x.uuid})
     WITH x, m, count(said) AS said
     FOREACH (y IN CASE WHEN said = 0 AND m.masked IS NULL THEN x.statements ELSE [] END | CREATE (:_Statement {${STATEMENT_PROPERTIES}}))
     WITH x, m OPTIONAL MATCH (known:_Passage {episode: x.uuid})
     WITH x, m, count(known) AS passages
     FOREACH (y IN CASE WHEN passages = 0 AND m.masked IS NULL THEN x.passages ELSE [] END | CREATE (:_Passage {${PASSAGE_PROPERTIES}}))
     WITH x, m OPTIONAL MATCH (e:_Meta {key: 'embedder'})
     RETURN collect({uuid: x.uuid, committedAt: m.committed_at, embedder: e.model}) AS rows`,
    {
      episodes: distinct.map((episode) => ({
        uuid: episode.uuid,
        key: episodeKey(episode.uuid),
        metadata: episode.metadata && JSON.stringify(episode.metadata),
        statements: statementsOf(episode).map(statementRow),
        passages: passagesOf(episode).map((passage) => ({
          ...passage,
          time: toGraphTime(episode.referenceTime),
          known: toGraphTime(episode.createdAt),
          version: PASSAGE_VERSION,
        })),
        node: {
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
      })),
    },
  );
  const byUuid = new Map((all?.rows ?? []).map((row) => [row.uuid, row]));
  return episodes.map(({ uuid }) => {
    const row = byUuid.get(uuid);
    // No row: it was removed, and stays so.
    return { isCommitted: !row || row.committedAt !== null, isPrepared: !row || row.embedder !== null };
  });
}

/** The key of the `_Meta` node beside an episode. */
export const episodeKey = (uuid: string): string => `episode:${uuid}`;

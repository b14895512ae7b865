import type { Episode } from '../../episode.ts';
import { expiryOf } from '../../expiry.ts';
import { PASSAGE_VERSION, passagesOf } from '../../passages/passages.ts';
import type { ExpiryRule } from '../../settings.ts';
import { STATEMENT_RULES, statementsOf } from '../../statements/statement.ts';
import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { PASSAGE_PROPERTIES } from './passages.ts';
import { STATEMENT_PROPERTIES, statementRow } from './statements.ts';

export interface RecordedState {
  readonly isCommitted: boolean;
  readonly isPrepared: boolean;
}

interface RecordedRow {
  readonly uuid: string;
  readonly committedAt: string | null;
  readonly embedder: string | null;
}

/**
 * Writes episodes, each once. Returns for each whether it is committed or removed, and whether the graph is prepared: a graph lost in the
 * meantime is not. Metadata and progress are on a `_Meta` node, since Python drops unknown properties of `Episodic` nodes. Passages and
 * statements are written too, so that the episode is found before its extraction.
 */
export async function recordEpisodes(
  graph: GroupGraph,
  episodes: readonly Episode[],
  expiry: readonly ExpiryRule[] = [],
): Promise<RecordedState[]> {
  const distinct = [...new Map(episodes.map((episode) => [episode.uuid, episode])).values()];
  // One row, since FalkorDB's settings may limit the number of rows.
  const [all] = await graph.change<{ rows: RecordedRow[] }>(
    `UNWIND $episodes AS x
     MERGE (m:_Meta {key: x.key}) ON CREATE SET m.metadata = x.metadata, m.episode = x.uuid, m.rules = $rules
     WITH x, m WHERE m.removed_at IS NULL
     FOREACH (_ IN CASE WHEN x.expires IS NULL THEN [] ELSE [1] END | SET m:_Expiring, m.expires_at = x.expires)
     MERGE (p:Episodic {uuid: x.uuid}) ON CREATE SET p = x.node
     WITH x, m OPTIONAL MATCH (stored:_Statement {episode: x.uuid})
     WITH x, m, count(stored) AS statements
     FOREACH (y IN CASE WHEN statements = 0 AND m.masked IS NULL THEN x.statements ELSE [] END | CREATE (:_Statement {${STATEMENT_PROPERTIES}}))
     WITH x, m OPTIONAL MATCH (known:_Passage {episode: x.uuid})
     WITH x, m, count(known) AS passages
     FOREACH (y IN CASE WHEN passages = 0 AND m.masked IS NULL THEN x.passages ELSE [] END | CREATE (:_Passage {${PASSAGE_PROPERTIES}}))
     WITH x, m OPTIONAL MATCH (e:_Meta {key: 'embedder'})
     RETURN collect({uuid: x.uuid, committedAt: m.committed_at, embedder: e.model}) AS rows`,
    {
      rules: STATEMENT_RULES,
      episodes: distinct.map((episode) => ({
        uuid: episode.uuid,
        key: episodeKey(episode.uuid),
        metadata: episode.metadata && JSON.stringify(episode.metadata),
        expires: graphTimeOrNull(expiryOf(episode, expiry)),
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
    // No row: the episode was removed and stays removed.
    return { isCommitted: !row || row.committedAt !== null, isPrepared: !row || row.embedder !== null };
  });
}

const graphTimeOrNull = (time: Date | null): string | null => time && toGraphTime(time);

/** The key of the `_Meta` node beside an episode. */
export const episodeKey = (uuid: string): string => `episode:${uuid}`;

/** uuids of all recorded episodes. */
export async function episodeUuids(graph: GroupGraph): Promise<readonly string[]> {
  // One row, since FalkorDB's settings may limit the number of rows.
  const [all] = await graph.read<{ uuids: string[] }>('MATCH (p:Episodic) RETURN collect(p.uuid) AS uuids');
  return all?.uuids ?? [];
}

export interface PreviousRow {
  readonly content: string;
  /** In the graph's format. */
  readonly referenceTime: string;
}

/**
 * The latest `count` episodes of the group up to a time (graph format), latest first, without `uuid` and without given facts. The index
 * returns rows unsorted, so callers begin with a short range. The upper bound is compared twice: FalkorDB 4.16 ignores it on an indexed
 * text unless the lower bound looks like a stored time.
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

/**
 * Those of the episodes that are committed or removed.
 * @param uuids of episodes
 */
export async function doneEpisodes(graph: Pick<GroupGraph, 'read'>, uuids: readonly string[]): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $episodes AS x
     MATCH (k:_Meta {key: x.key}) WHERE k.committed_at IS NOT NULL OR k.removed_at IS NOT NULL
     RETURN x.uuid AS uuid`,
    { episodes: uuids.map((uuid) => ({ uuid, key: episodeKey(uuid) })) },
  );
  return rows.map(({ uuid }) => uuid);
}

/** An episode without entities and facts. */
export interface EpisodeWithoutFacts {
  readonly uuid: string;
  /** The tokens used, as JSON; null for models that cost nothing. */
  readonly use: string | null;
}

/**
 * Marks recorded episodes without facts as committed. Returns the uuids of those in the graph, each with whether this call committed it.
 * Needs no lease: nothing is computed from the graph, and committed or removed episodes stay unchanged.
 */
export async function finishEpisodes(
  graph: GroupGraph,
  episodes: readonly EpisodeWithoutFacts[],
  now: Date,
): Promise<ReadonlyMap<string, boolean>> {
  // One row, since FalkorDB's settings may limit the number of rows.
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

/** The reference time (graph format) of each existing episode. */
export async function episodeTimes(graph: GroupGraph, uuids: readonly string[]): Promise<Map<string, string>> {
  const rows = await graph.read<{ uuid: string; time: string }>(
    'UNWIND $uuids AS uuid MATCH (p:Episodic {uuid: uuid}) RETURN p.uuid AS uuid, p.valid_at AS time',
    { uuids },
  );
  return new Map(rows.map(({ uuid, time }) => [uuid, time]));
}

/** The episodes that the graph knows, with whether they are done: committed or removed. */
export async function readRecorded(
  graph: GroupGraph,
  uuids: readonly string[],
): Promise<ReadonlyMap<string, { readonly isDone: boolean }>> {
  const rows = await graph.read<{ uuid: string; isDone: boolean }>(
    `UNWIND $episodes AS x
     MATCH (k:_Meta {key: x.key})
     RETURN x.uuid AS uuid, k.committed_at IS NOT NULL OR k.removed_at IS NOT NULL AS isDone`,
    { episodes: uuids.map((uuid) => ({ uuid, key: episodeKey(uuid) })) },
  );
  return new Map(rows.map(({ uuid, isDone }) => [uuid, { isDone }]));
}

import { derivedUuid } from '../../derived-uuid.ts';
import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { CHECK_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';

export interface SagaRow {
  readonly name: string;
  /** Number of episodes. */
  readonly episodes: number;
  /** The reference times of the first and last episode, in the graph's format; null without episodes. */
  readonly first: string | null;
  readonly last: string | null;
}

/** All sagas, the one with the latest episode first. */
export function readSagas(graph: GroupGraph): Promise<SagaRow[]> {
  return graph.read(
    `MATCH (s:Saga)
     OPTIONAL MATCH (s)-[:HAS_EPISODE]->(p:Episodic)
     WITH s.name AS name, count(p) AS episodes, min(p.valid_at) AS first, max(p.valid_at) AS last
     RETURN name, episodes, first, last ORDER BY coalesce(last, '') DESC, name`,
  );
}

export interface StoredSaga {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  /** Up to when its episodes are in the summary, by the time at which they were linked; graph format, null without a summary. */
  readonly summarizedAt: string | null;
  /** The latest reference time in the summary. */
  readonly summarizedValidAt: string | null;
}

/** The saga with this name or uuid. If Python made two with the same name, always the same one. */
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

export interface SagaOfEpisode {
  readonly uuid: string;
  /** Whether the saga has a summary. */
  readonly isSummarized: boolean;
  /** uuids of its episodes in the order of the chain. */
  readonly chain: readonly string[];
}

/** The sagas of some episodes. */
export function readSagasOf(graph: GroupGraph, episodes: readonly string[]): Promise<SagaOfEpisode[]> {
  return graph.read(
    `UNWIND $episodes AS uuid
     MATCH (:Episodic {uuid: uuid})<-[:HAS_EPISODE]-(s:Saga)
     WITH DISTINCT s
     MATCH (s)-[:HAS_EPISODE]->(p:Episodic)
     WITH DISTINCT s, p.uuid AS uuid, coalesce(p.valid_at, '') AS validAt, coalesce(p.created_at, '') AS createdAt
     ORDER BY validAt, createdAt, uuid
     RETURN s.uuid AS uuid, coalesce(s.summary, '') <> '' AS isSummarized, collect(uuid) AS chain`,
    { episodes },
  );
}

export interface ChainRow {
  readonly uuid: string;
  readonly name: string;
  /** In the graph's format. */
  readonly referenceTime: string;
}

/** A saga's episodes in the order of the chain; only `limit` of them, after the first `offset`, if a limit is given. */
export function readSagaChain(
  graph: GroupGraph,
  saga: string,
  page?: { readonly offset: number; readonly limit: number },
): Promise<ChainRow[]> {
  return graph.read(
    `MATCH (s:Saga {uuid: $saga})-[:HAS_EPISODE]->(p:Episodic)
     WITH DISTINCT p.uuid AS uuid, p.name AS name, p.valid_at AS referenceTime, p.created_at AS createdAt
     RETURN uuid, name, referenceTime ORDER BY coalesce(referenceTime, ''), coalesce(createdAt, ''), uuid
     ${page ? 'SKIP $offset LIMIT $limit' : ''}`,
    { saga, ...page },
  );
}

/** The number of a saga's episodes. */
export async function countSagaEpisodes(graph: GroupGraph, saga: string): Promise<number> {
  const [row] = await graph.read<{ n: number }>(
    'MATCH (s:Saga {uuid: $saga})-[:HAS_EPISODE]->(p:Episodic) RETURN count(DISTINCT p) AS n',
    { saga },
  );
  return row?.n ?? 0;
}

export interface SagaEpisodeRow {
  readonly uuid: string;
  readonly content: string;
  /** Dates in the graph's format. */
  readonly validAt: string;
  /** When it was linked to the saga. */
  readonly linkedAt: string;
}

const EPISODES = `MATCH (s:Saga {uuid: $saga})-[h:HAS_EPISODE]->(p:Episodic)
     WITH p, min(coalesce(h.created_at, p.created_at, '')) AS linkedAt`;
const ROWS = `RETURN p.uuid AS uuid, p.content AS content, p.valid_at AS validAt, linkedAt`;

/**
 * Episodes that were linked to a saga after `after` (graph format), earliest first; if `after` is null, all or the latest ones. The
 * episode's own `created_at` does not count, since an episode may be linked later than it was accepted.
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

/** uuids of the episodes of sagas with these names. */
export async function episodesOfSagas(graph: GroupGraph, names: readonly string[]): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    'UNWIND $names AS name MATCH (s:Saga)-[:HAS_EPISODE]->(p:Episodic) WHERE s.name = name RETURN DISTINCT p.uuid AS uuid',
    { names },
  );
  return rows.map(({ uuid }) => uuid);
}

/** A recorded episode and its saga. */
export interface SagaLink {
  readonly saga: string;
  readonly episode: string;
  readonly referenceTime: Date;
}

/**
 * Links episodes into the chains of their sagas, which are sorted by (valid_at, created_at, uuid) and do not depend on the order of
 * arrival. Missing sagas are created; other properties of a saga stay. A repeated call changes nothing. Returns false and writes nothing if
 * another worker has written since `seen` was read.
 */
export async function linkSagas(
  graph: GroupGraph,
  { fence, seen, now }: Fenced & { readonly now: Date },
  links: readonly SagaLink[],
): Promise<boolean> {
  if (links.length === 0) return true;
  const rows = await graph.change(
    `${CHECK_FENCE}
     UNWIND $sagas AS x
     MERGE (s:Saga {name: x.name, group_id: $group})
       ON CREATE SET s.uuid = x.uuid, s.created_at = x.createdAt, s.summary = ''
     WITH m, x, min(s.uuid) AS saga
     MATCH (s:Saga {uuid: saga})
     UNWIND x.episodes AS y
     MATCH (p:Episodic {uuid: y.episode})
     MERGE (s)-[h:HAS_EPISODE]->(p)
       ON CREATE SET h.uuid = y.uuid, h.group_id = $group, h.created_at = $now
     WITH m, s, collect(p.uuid) AS fresh
     MATCH (s)-[:HAS_EPISODE]->(p:Episodic)
     WITH DISTINCT m, s, fresh, p.uuid AS uuid, coalesce(p.valid_at, '') AS validAt, coalesce(p.created_at, '') AS createdAt
     WITH m, s, fresh, uuid ORDER BY validAt, createdAt, uuid
     WITH m, s, fresh, collect(uuid) AS chain
     SET s.first_episode_uuid = chain[0], s.last_episode_uuid = chain[-1]
     WITH m, s.uuid AS saga, chain, [i IN range(0, size(chain) - 2) WHERE chain[i] IN fresh OR chain[i + 1] IN fresh] AS places
     WITH m, collect([i IN places | {saga: saga, a: chain[i], b: chain[i + 1]}]) AS lists
     WITH m, reduce(all = [], list IN lists | all + list) AS pairs
     CALL {
       WITH pairs
       UNWIND pairs AS pair
       MATCH (a:Episodic {uuid: pair.a})-[r:NEXT_EPISODE]->(c:Episodic)<-[:HAS_EPISODE]-(s:Saga {uuid: pair.saga})
       WHERE c.uuid <> pair.b
       DELETE r
       RETURN count(*) AS parted
     }
     CALL {
       WITH pairs
       UNWIND pairs AS pair
       MATCH (a:Episodic {uuid: pair.a})
       MATCH (b:Episodic {uuid: pair.b})
       MERGE (a)-[r:NEXT_EPISODE]->(b)
         ON CREATE SET r.uuid = ${NEXT_EPISODE_UUID}, r.group_id = $group, r.created_at = $now
       RETURN count(*) AS joined
     }
     ${RETURN_FENCE}`,
    { fence, seen, group: graph.group, now: toGraphTime(now), sagas: sagasOf(graph.group, links) },
  );
  return rows.length > 0;
}

// FalkorDB 4.16 loses changes of a subquery that runs for several rows, so the pairs of all sagas go into one list. The query decides which
// episodes are linked, so it also makes the link's uuid: half of each episode's uuid.
export const NEXT_EPISODE_UUID = `left(a.uuid, 14) + '8' + substring(a.uuid, 15, 4) + right(b.uuid, 17)`;

function sagasOf(group: string, links: readonly SagaLink[]) {
  return [...Map.groupBy(links, ({ saga }) => saga)].map(([name, own]) => {
    const uuid = derivedUuid('saga', group, name);
    return {
      name,
      uuid,
      createdAt: toGraphTime(new Date(Math.min(...own.map(({ referenceTime }) => referenceTime.getTime())))),
      episodes: own.map(({ episode }) => ({ episode, uuid: derivedUuid('has episode', uuid, episode) })),
    };
  });
}

export interface NewSagaSummary extends Fenced {
  readonly saga: string;
  /** `summarizedAt` when the episodes were read; '' for none. */
  readonly was: string;
  readonly summary: string;
  /** Dates in the graph's format. */
  readonly summarizedAt: string;
  readonly summarizedValidAt: string;
}

/** Returns false and changes nothing if another worker has summarized the saga, or written, since `seen` was read. */
export async function writeSagaSummary(graph: GroupGraph, written: NewSagaSummary): Promise<boolean> {
  const rows = await graph.change(
    `${CHECK_FENCE}
     MATCH (s:Saga {uuid: $saga}) WHERE coalesce(s.last_summarized_at, '') = $was
     SET s.summary = $summary, s.last_summarized_at = $summarizedAt,
         s.last_summarized_episode_valid_at = $summarizedValidAt
     ${RETURN_FENCE}`,
    { ...written },
  );
  return rows.length > 0;
}

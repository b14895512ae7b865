import { derivedUuid } from '../../derived-uuid.ts';
import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';

export interface SagaRow {
  readonly name: string;
  /** How many episodes it has. */
  readonly episodes: number;
  /** When the first and the last of them were true, in the graph's format; null while it has none. */
  readonly first: string | null;
  readonly last: string | null;
}

/** All sagas, the one that went on last first. */
export function listSagas(graph: GroupGraph): Promise<SagaRow[]> {
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

export interface SagaOf {
  readonly uuid: string;
  /** Whether something was told of it. */
  readonly isTold: boolean;
  /** uuids of its episodes in the order of its chain. */
  readonly chain: readonly string[];
}

/** The sagas of some episodes. */
export function readSagasOf(graph: GroupGraph, episodes: readonly string[]): Promise<SagaOf[]> {
  return graph.read(
    `UNWIND $episodes AS uuid
     MATCH (:Episodic {uuid: uuid})<-[:HAS_EPISODE]-(s:Saga)
     WITH DISTINCT s
     MATCH (s)-[:HAS_EPISODE]->(p:Episodic)
     WITH DISTINCT s, p.uuid AS uuid, coalesce(p.valid_at, '') AS validAt, coalesce(p.created_at, '') AS createdAt
     ORDER BY validAt, createdAt, uuid
     RETURN s.uuid AS uuid, coalesce(s.summary, '') <> '' AS isTold, collect(uuid) AS chain`,
    { episodes },
  );
}

export interface ChainRow {
  readonly uuid: string;
  readonly name: string;
  /** In the graph's format. */
  readonly referenceTime: string;
}

/** A saga's episodes in the order of its chain. */
export function readSagaChain(graph: GroupGraph, saga: string): Promise<ChainRow[]> {
  return graph.read(
    `MATCH (s:Saga {uuid: $saga})-[:HAS_EPISODE]->(p:Episodic)
     WITH DISTINCT p.uuid AS uuid, p.name AS name, p.valid_at AS referenceTime, p.created_at AS createdAt
     RETURN uuid, name, referenceTime ORDER BY coalesce(referenceTime, ''), coalesce(createdAt, ''), uuid`,
    { saga },
  );
}

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

/** An episode that was recorded, and the saga that it belongs to. */
export interface SagaLink {
  readonly saga: string;
  readonly episode: string;
  readonly referenceTime: Date;
}

/**
 * Puts episodes at their places in their sagas' chains, which run by (valid_at, created_at, uuid), whatever the order in which
 * they come; sagas that are missing are made. Doing it again changes nothing, and what a saga holds besides (its summary, how
 * far it was summarized) is left alone. Returns false and writes nothing if another worker has written since `seen` was read.
 */
export async function linkSagas(
  graph: GroupGraph,
  { fence, seen, now }: Fenced & { readonly now: Date },
  links: readonly SagaLink[],
): Promise<boolean> {
  if (links.length === 0) return true;
  const rows = await graph.change(
    `${BEHIND_FENCE}
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
         ON CREATE SET r.uuid = ${NEXT_UUID}, r.group_id = $group, r.created_at = $now
       RETURN count(*) AS joined
     }
     ${RETURN_FENCE}`,
    { fence, seen, group: graph.group, now: toGraphTime(now), sagas: sagasOf(graph.group, links) },
  );
  return rows.length > 0;
}

// FalkorDB 4.16 loses changes of a subquery that runs for several rows, so the pairs of all sagas come to it as one list.
// Which episodes a link joins shows only in the graph, so its uuid is made there: half of the one's, half of the other's.
export const NEXT_UUID = `left(a.uuid, 14) + '8' + substring(a.uuid, 15, 4) + right(b.uuid, 17)`;

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

export interface SagaSummary extends Fenced {
  readonly saga: string;
  /** `summarizedAt` as it was when the episodes were read; '' for none. */
  readonly was: string;
  readonly summary: string;
  /** Dates in the graph's format. */
  readonly summarizedAt: string;
  readonly summarizedValidAt: string;
}

/**
 * Returns false and changes nothing if another worker has summarized the saga or has written since `seen` was read.
 */
export async function writeSagaSummary(graph: GroupGraph, written: SagaSummary): Promise<boolean> {
  const rows = await graph.change(
    `${BEHIND_FENCE}
     MATCH (s:Saga {uuid: $saga}) WHERE coalesce(s.last_summarized_at, '') = $was
     SET s.summary = $summary, s.last_summarized_at = $summarizedAt,
         s.last_summarized_episode_valid_at = $summarizedValidAt
     ${RETURN_FENCE}`,
    { ...written },
  );
  return rows.length > 0;
}

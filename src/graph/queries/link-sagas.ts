import { derivedUuid } from '../../derived-uuid.ts';
import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';

/** An episode that was recorded, and the saga that it belongs to. */
export interface SagaLink {
  readonly saga: string;
  readonly episode: string;
  readonly referenceTime: Date;
}

/**
 * Puts episodes at their places in their sagas' chains, which run by (valid_at, created_at, uuid), whatever the order in which
 * they come; sagas that are missing are made. Doing it again changes nothing, and what a saga holds besides (its summary, how
 * far it was summarized) is left alone. Gives false, having written nothing, when somebody has written since `seen` was read.
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

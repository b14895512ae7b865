import type { Attributes, Commit } from '../changes.ts';
import { type Params, quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, RETURN_FENCE } from './fence.ts';
import { NEXT_UUID } from './link-sagas.ts';

/**
 * Writes everything or nothing, in one query. Gives false, having written nothing, when somebody has written since `seen` was
 * read, also when that was a worker that had lost the group before, or holds it after us.
 *
 * Lists are worked out before and not in the query: one that filtered and folded them crashed FalkorDB 4.16 within a minute,
 * though never alone.
 */
export async function commit(graph: GroupGraph, changes: Commit): Promise<boolean> {
  const { fence, seen, now } = changes;
  const parts = partsOf(changes).filter(({ rows }) => rows.length > 0);
  const given = Object.fromEntries(parts.map(({ name, rows }) => [name, rows]));
  const rows = await graph.write(
    `${BEHIND_FENCE}
     ${parts.map(({ name, query }) => `CALL { UNWIND $${name} AS x ${query} RETURN count(*) AS n_${name} }`).join('\n')}
     ${RETURN_FENCE}`,
    { fence, seen, now, group: graph.group, ...given } as Params,
  );
  return rows.length > 0;
}

interface Part {
  /** Of the parameter with its rows. */
  readonly name: string;
  /** For each row `x`. */
  readonly query: string;
  readonly rows: readonly object[];
}

function partsOf(changes: Commit): Part[] {
  const removedUuids = changes.removedFacts.map(({ uuid }) => uuid);
  const kinds = Map.groupBy(changes.newEntities, ({ label }) => label);
  const withAttributes = <T extends { readonly attributes: Attributes }>(rows: readonly T[]) =>
    rows.filter(({ attributes }) => Object.keys(attributes).length > 0);
  return [
    ...[...kinds].map(([label, rows]) => ({ name: `new_${label}`, query: createEntities(label), rows })),
    {
      name: 'labelled',
      query: `MATCH (n:Entity {uuid: x.uuid}) SET n.labels = ['Entity', x.label] ${setLabels(changes.labelled)}`,
      rows: changes.labelled,
    },
    {
      name: 'attributed',
      query: 'MATCH (n:Entity {uuid: x.uuid}) SET n += x.attributes',
      rows: withAttributes([...changes.newEntities, ...changes.attributed]).map(({ uuid, attributes }) => ({
        uuid,
        attributes,
      })),
    },
    { name: 'aliases', query: MERGE_ALIASES, rows: changes.aliases },
    { name: 'newFacts', query: CREATE_FACTS, rows: changes.newFacts },
    { name: 'cutFacts', query: CUT_FACTS, rows: changes.cutFacts },
    { name: 'changedFacts', query: CHANGE_FACTS, rows: changes.changedFacts },
    {
      name: 'factAttributes',
      query: `${MATCH_FACT} SET e += x.attributes`,
      rows: withAttributes([...changes.newFacts, ...changes.cutFacts, ...changes.changedFacts]).map(
        ({ uuid, source, target, attributes }) => ({
          uuid,
          source,
          target,
          attributes,
        }),
      ),
    },
    { name: 'removedFacts', query: `${MATCH_FACT} DELETE e`, rows: changes.removedFacts },
    {
      name: 'removedEvidence',
      query: 'MATCH (k:_Meta {key: x.key}) DELETE k',
      rows: changes.removedFacts.map(({ uuid }) => ({ key: `fact:${uuid}` })),
    },
    {
      name: 'evidence',
      query: 'MERGE (k:_Meta {key: x.key}) SET k.supports = x.supports, k.rivals = x.rivals, k.wordings = x.wordings',
      rows: changes.evidence,
    },
    { name: 'endings', query: 'MERGE (k:_Meta {key: x.key}) SET k.endings = x.endings', rows: changes.endings },
    {
      name: 'summaries',
      query: 'MATCH (n:Entity {uuid: x.uuid}) SET n.summary = x.summary',
      rows: changes.summaries.map(({ uuid, summary }) => ({ uuid, summary })),
    },
    {
      name: 'long',
      query: 'MERGE (l:_Meta {key: x.key}) SET l.entity = x.uuid',
      rows: [...changes.newEntities, ...changes.summaries]
        .filter(({ isLong }) => isLong)
        .map(({ uuid }) => ({ uuid, key: `long:${uuid}` })),
    },
    { name: 'mentions', query: MERGE_MENTIONS, rows: changes.mentions },
    { name: 'episodes', query: FINISH_EPISODES, rows: changes.episodes },
    {
      name: 'movedFacts',
      query: MOVE_FACTS,
      rows: changes.movedFacts,
    },
    { name: 'forgottenFacts', query: FORGET_FACTS, rows: removedUuids.length > 0 ? [{ uuids: removedUuids }] : [] },
    { name: 'removedEpisodes', query: REMOVE_EPISODES, rows: changes.removedEpisodes },
    {
      name: 'removedEntities',
      query: 'MATCH (n:Entity {uuid: x.uuid}) DETACH DELETE n',
      rows: changes.removedEntities,
    },
    {
      name: 'removedNames',
      query: 'MATCH (a:_Alias) WHERE a.entity = x.uuid DELETE a',
      rows: changes.removedEntities,
    },
    {
      name: 'removedNotes',
      query: 'MATCH (l:_Meta {key: x.key}) DELETE l',
      rows: changes.removedEntities.map(({ uuid }) => ({ key: `long:${uuid}` })),
    },
  ];
}

// Labels cannot be parameters, so each kind has a part of its own. Entities are created with all that they hold: a property
// set later would enter the indexes a second time, and a vector's entry is what a commit spends most of its time on.
function createEntities(label: string): string {
  const labels = label === 'Entity' ? `['Entity']` : `['Entity', '${label}']`;
  return `
    OPTIONAL MATCH (known:Entity {uuid: x.uuid})
    WITH x, known WHERE known IS NULL
    CREATE (:Entity${label === 'Entity' ? '' : `:${quotedLabel(label)}`} {
      uuid: x.uuid, name: x.name, group_id: $group, summary: x.summary, created_at: $now, labels: ${labels},
      name_embedding: vecf32(x.embedding)
    })`;
}

function setLabels(labelled: Commit['labelled']): string {
  return [...new Set(labelled.map(({ label }) => label))]
    .map((label) => `FOREACH (_ IN CASE WHEN x.label = '${label}' THEN [1] ELSE [] END | SET n:${quotedLabel(label)})`)
    .join('\n');
}

// The entity that it stood for may be gone.
const MERGE_ALIASES = `
    MERGE (a:_Meta:_Alias {key: x.key})
    ON CREATE SET a.alias = x.alias
    SET a.entity = x.entity`;

const MATCH_FACT = `
    MATCH (a:Entity {uuid: x.source})
    MATCH (b:Entity {uuid: x.target})
    MATCH (a)-[e:RELATES_TO {uuid: x.uuid}]->(b)`;

const CREATE_FACTS = `
    MATCH (a:Entity {uuid: x.source})
    MATCH (b:Entity {uuid: x.target})
    OPTIONAL MATCH (a)-[known:RELATES_TO {uuid: x.uuid}]->(b)
    WITH x, a, b, known WHERE known IS NULL
    CREATE (a)-[:RELATES_TO {
      uuid: x.uuid, source_node_uuid: x.source, target_node_uuid: x.target, name: x.relation, fact: x.fact,
      group_id: $group, episodes: x.episodes, created_at: x.createdAt, valid_at: x.validAt, invalid_at: x.invalidAt,
      expired_at: x.expiredAt, reference_time: x.referenceTime, fact_embedding: vecf32(x.embedding)
    }]->(b)`;

const CUT_FACTS = `
    MATCH (a:Entity {uuid: x.source})
    MATCH (b:Entity {uuid: x.target})
    MATCH (a)-[whole:RELATES_TO {uuid: x.of}]->(b)
    OPTIONAL MATCH (a)-[known:RELATES_TO {uuid: x.uuid}]->(b)
    WITH x, a, b, whole, known WHERE known IS NULL
    CREATE (a)-[e:RELATES_TO]->(b)
    SET e = properties(whole)
    SET e.uuid = x.uuid, e.created_at = x.createdAt, e.reference_time = x.referenceTime, e.episodes = x.episodes,
        e.valid_at = x.validAt, e.invalid_at = x.invalidAt, e.expired_at = x.expiredAt`;

const CHANGE_FACTS = `${MATCH_FACT}
    SET e.episodes = x.episodes, e.reference_time = x.referenceTime, e.valid_at = x.validAt, e.invalid_at = x.invalidAt,
        e.expired_at = x.expiredAt`;

const MERGE_MENTIONS = `
    MATCH (p:Episodic {uuid: x.episode})
    MATCH (n:Entity {uuid: x.entity})
    MERGE (p)-[r:MENTIONS {uuid: x.uuid}]->(n)
    SET r.group_id = $group, r.created_at = $now`;

const FINISH_EPISODES = `
    MATCH (p:Episodic {uuid: x.uuid})
    MERGE (k:_Meta {key: x.key})
    SET p.entity_edges = x.facts, k.committed_at = $now, k.use = x.use,
        k.unread = CASE WHEN size(x.facts) = 0 THEN k.unread ELSE NULL END`;

const MOVE_FACTS = `
    MATCH (p:Episodic {uuid: x.uuid})
    CALL {
      WITH x, p
      UNWIND coalesce(p.entity_edges, []) + x.added AS fact
      WITH DISTINCT x, fact WHERE NOT fact IN x.left
      RETURN collect(fact) AS facts
    }
    SET p.entity_edges = facts
    WITH x, facts WHERE size(facts) > 0
    MATCH (k:_Meta {key: x.key}) SET k.unread = NULL`;

// Whoever states or ended them; which episodes those are Python does not note on the fact. Facts are seldom removed.
const FORGET_FACTS = `
    MATCH (p:Episodic) WHERE any(it IN p.entity_edges WHERE it IN x.uuids)
    SET p.entity_edges = [it IN p.entity_edges WHERE NOT it IN x.uuids]`;

// The chain closes over the gap. The note stays, so that a job which comes again does not bring the episode back.
const REMOVE_EPISODES = `
    MATCH (p:Episodic {uuid: x.uuid})
    MERGE (k:_Meta {key: x.key})
    SET k.removed_at = $now, k.metadata = null, k.unread = null, k.use = null
    WITH p
    OPTIONAL MATCH (a:Episodic)-[:NEXT_EPISODE]->(p)
    OPTIONAL MATCH (p)-[:NEXT_EPISODE]->(b:Episodic)
    OPTIONAL MATCH (s:Saga)-[:HAS_EPISODE]->(p)
    FOREACH (_ IN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN [1] ELSE [] END |
      MERGE (a)-[r:NEXT_EPISODE]->(b) ON CREATE SET r.uuid = ${NEXT_UUID}, r.group_id = $group, r.created_at = $now)
    FOREACH (_ IN CASE WHEN s.first_episode_uuid = p.uuid THEN [1] ELSE [] END | SET s.first_episode_uuid = b.uuid)
    FOREACH (_ IN CASE WHEN s.last_episode_uuid = p.uuid THEN [1] ELSE [] END | SET s.last_episode_uuid = a.uuid)
    DETACH DELETE p`;

import type { AttributeChanges, CommitChanges } from '../commit-changes.ts';
import type { GroupGraph } from '../group-graph.ts';
import { type Params, quotedLabel } from '../query-text.ts';
import { type CommitPart, clearingParts, MATCH_FACT, removalParts } from './commit-removals.ts';
import { CHECK_FENCE, RETURN_FENCE } from './fence.ts';
import { CREATE_PASSAGE_VECTOR } from './passages.ts';

/**
 * Writes all changes or none, in one query. Returns false and writes nothing if another worker has written since `seen` was read, whether
 * that worker's lease is older or newer.
 * The lists are computed before the query: a query that filtered and reduced them crashed FalkorDB 4.16 within a minute under concurrent
 * queries.
 */
export async function commit(graph: GroupGraph, changes: CommitChanges): Promise<boolean> {
  const { fence, seen, after, now } = changes;
  const parts = partsOf(changes).filter(({ rows }) => rows.length > 0);
  const rowsByName = Object.fromEntries(parts.map(({ name, rows }) => [name, rows]));
  const rows = await graph.change(
    `${CHECK_FENCE}
     ${parts.map(({ name, query }) => `CALL { UNWIND $${name} AS x ${query} RETURN count(*) AS n_${name} }`).join('\n')}
     ${RETURN_FENCE}`,
    { fence, seen, ...(after !== undefined && { after }), now, group: graph.group, ...rowsByName } as Params,
  );
  return rows.length > 0;
}

function partsOf(changes: CommitChanges): CommitPart[] {
  const kinds = Map.groupBy(changes.newEntities, ({ label }) => label);
  const withAttributes = <T extends { readonly attributes: AttributeChanges }>(rows: readonly T[]) =>
    rows.filter(({ attributes }) => Object.keys(attributes).length > 0);
  return [
    ...[...kinds].map(([label, rows]) => ({ name: `new_${label}`, query: createEntities(label), rows })),
    ...clearingParts(changes),
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
    { name: 'cutFacts', query: SPLIT_FACTS, rows: changes.splitFacts },
    { name: 'changedFacts', query: CHANGE_FACTS, rows: changes.changedFacts },
    {
      name: 'factAttributes',
      query: `${MATCH_FACT} SET e += x.attributes`,
      rows: withAttributes([
        ...changes.newFacts,
        ...changes.splitFacts,
        ...changes.changedFacts,
        ...changes.reattributedFacts,
      ]).map(({ uuid, source, target, attributes }) => ({
        uuid,
        source,
        target,
        attributes,
      })),
    },
    { name: 'removedFacts', query: `${MATCH_FACT} DELETE e`, rows: changes.removedFacts },
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
    { name: 'passageVectors', query: CREATE_PASSAGE_VECTOR, rows: changes.passageVectors },
    { name: 'episodes', query: FINISH_EPISODES, rows: changes.episodes },
    {
      name: 'movedFacts',
      query: MOVE_FACTS,
      rows: changes.movedFacts,
    },
    ...removalParts(changes),
  ];
}

// Labels cannot be parameters, so each label has its own part. Entities are created with all properties: a property set later would be
// indexed twice, and indexing vectors takes most of a commit's time.
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

function setLabels(labelled: CommitChanges['labelled']): string {
  return [...new Set(labelled.map(({ label }) => label))]
    .map((label) => `FOREACH (_ IN CASE WHEN x.label = '${label}' THEN [1] ELSE [] END | SET n:${quotedLabel(label)})`)
    .join('\n');
}

// The entity of the alias may have been removed.
const MERGE_ALIASES = `
    MERGE (a:_Meta:_Alias {key: x.key})
    ON CREATE SET a.alias = x.alias
    SET a.entity = x.entity`;

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

const SPLIT_FACTS = `
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
    SET p.entity_edges = x.facts, k.committed_at = $now, k.use = x.use, k.told = x.told,
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

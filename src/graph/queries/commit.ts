import type { AttributeChanges, CommitChanges } from '../commit-changes.ts';
import type { GroupGraph } from '../group-graph.ts';
import { factKey, longEntityKey } from '../meta-keys.ts';
import { type Params, quotedLabel } from '../query-text.ts';
import { CHECK_FENCE, RETURN_FENCE } from './fence.ts';
import { CREATE_PASSAGE_VECTOR, PASSAGE_PROPERTIES } from './passages.ts';
import { NEXT_EPISODE_UUID } from './sagas.ts';
import { STATEMENT_PROPERTIES } from './statements.ts';

/** One part of the query of a commit. */
interface CommitPart {
  /** The name of the parameter that holds its rows. */
  readonly name: string;
  /** Cypher that runs for each row `x`. */
  readonly query: string;
  readonly rows: readonly object[];
}

const MATCH_FACT = `
    MATCH (a:Entity {uuid: x.source})
    MATCH (b:Entity {uuid: x.target})
    MATCH (a)-[e:RELATES_TO {uuid: x.uuid}]->(b)`;

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
        .map(({ uuid }) => ({ uuid, key: longEntityKey(uuid) })),
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

/** The parts that remove types and aliases before new ones are set. */
function clearingParts({ unlabelled, clearedAliases }: CommitChanges): CommitPart[] {
  const parts = [...Map.groupBy(unlabelled, ({ label }) => label)].map(([label, rows]) => ({
    name: `unlabelled_${label}`,
    query: `MATCH (n:Entity {uuid: x.uuid}) SET n.labels = ['Entity'] REMOVE n:${quotedLabel(label)}`,
    rows,
  }));
  const cleared = { name: 'clearedAliases', query: REMOVE_ALIASES, rows: clearedAliases };
  return [...parts, cleared];
}

// Found by the entity, so that the query does not repeat the removed aliases.
const REMOVE_ALIASES = 'MATCH (a:_Alias) WHERE a.entity = x.uuid DELETE a';

/** The parts that remove nodes and edges, after everything else. */
function removalParts(changes: CommitChanges): CommitPart[] {
  const removedUuids = changes.removedFacts.map(({ uuid }) => uuid);
  const rebuilt = [...changes.removedEpisodes, ...changes.maskedEpisodes].map(({ uuid }) => ({ uuid }));
  return [
    {
      name: 'removedEvidence',
      query: 'MATCH (k:_Meta {key: x.key}) DELETE k',
      rows: changes.removedFacts.map(({ uuid }) => ({ key: factKey(uuid) })),
    },
    // FalkorDB compares only the dimension of vectors: it sets the new vector only if the old one is removed first.
    {
      name: 'unworded',
      query: `${MATCH_FACT} SET e.fact_embedding = null`,
      rows: changes.rewordedFacts.map(({ uuid, source, target }) => ({ uuid, source, target })),
    },
    {
      name: 'rewordedFacts',
      query: `${MATCH_FACT} SET e.name = x.relation, e.fact = x.fact, e.fact_embedding = vecf32(x.embedding)`,
      rows: changes.rewordedFacts,
    },
    {
      name: 'unnamed',
      query: 'MATCH (n:Entity {uuid: x.uuid}) SET n.name_embedding = null',
      rows: changes.renamedEntities.map(({ uuid }) => ({ uuid })),
    },
    {
      name: 'renamedEntities',
      query: 'MATCH (n:Entity {uuid: x.uuid}) SET n.name = x.name, n.name_embedding = vecf32(x.embedding)',
      rows: changes.renamedEntities,
    },
    {
      name: 'renamedEpisodes',
      query: 'MATCH (p:Episodic {uuid: x.uuid}) SET p.name = x.name, p.source_description = x.description',
      rows: changes.renamedEpisodes,
    },
    {
      name: 'maskedSagas',
      query: 'MATCH (s:Saga {uuid: x.uuid}) SET s.name = x.name, s.summary = x.summary',
      rows: changes.maskedSagas,
    },
    { name: 'forgottenFacts', query: FORGET_FACTS, rows: removedUuids.length > 0 ? [{ uuids: removedUuids }] : [] },
    { name: 'retold', query: 'MATCH (k:_Meta {key: x.key}) SET k.told = x.told', rows: changes.retold },
    {
      name: 'forgottenStatements',
      query: 'MATCH (s:_Statement {episode: x.episode}) WHERE s.id = x.id DELETE s',
      rows: changes.removedStatements,
    },
    {
      name: 'removedStatements',
      query: 'MATCH (s:_Statement {episode: x.uuid}) DELETE s',
      rows: rebuilt,
    },
    {
      name: 'removedPassages',
      query: 'MATCH (p:_Passage {episode: x.uuid}) DELETE p',
      rows: rebuilt,
    },
    {
      name: 'removedVectors',
      query: 'MATCH (v:_PassageVector {episode: x.uuid}) DELETE v',
      rows: rebuilt,
    },
    { name: 'maskedEpisodes', query: MASK_EPISODES, rows: changes.maskedEpisodes },
    {
      name: 'maskedVectors',
      query: 'CREATE (:_PassageVector {passage: x.uuid, episode: x.episode, embedding: vecf32(x.embedding)})',
      rows: changes.maskedVectors.map(({ uuid, episode, embedding }) => ({ uuid, episode, embedding })),
    },
    { name: 'removedEpisodes', query: REMOVE_EPISODES, rows: changes.removedEpisodes },
    { name: 'sagaLinks', query: LINK_EPISODES, rows: changes.sagaLinks },
    { name: 'sagas', query: SHORTEN_SAGAS, rows: changes.sagas },
    { name: 'removedSagas', query: 'MATCH (s:Saga {uuid: x.uuid}) DETACH DELETE s', rows: changes.removedSagas },
    {
      name: 'removedEntities',
      query: 'MATCH (n:Entity {uuid: x.uuid}) DETACH DELETE n',
      rows: changes.removedEntities,
    },
    {
      name: 'removedNames',
      query: REMOVE_ALIASES,
      rows: changes.removedEntities,
    },
    {
      name: 'removedCommunities',
      query: 'MATCH (c:Community {uuid: x.uuid}) DETACH DELETE c',
      rows: changes.removedCommunities,
    },
    {
      name: 'removedNotes',
      query: 'MATCH (k:_Meta {key: x.key}) DELETE k',
      rows: [
        ...changes.removedNotes,
        ...changes.removedEntities.map(({ uuid }) => ({ key: longEntityKey(uuid) })),
        ...changes.removedCommunities.map(({ key }) => ({ key })),
      ],
    },
  ];
}

// Searches all episodes, since Python does not store on a fact which episodes mention it. Facts are rarely removed.
const FORGET_FACTS = `
    MATCH (p:Episodic) WHERE any(fact IN p.entity_edges WHERE fact IN x.uuids)
    SET p.entity_edges = [fact IN p.entity_edges WHERE NOT fact IN x.uuids]`;

// The node stays, or is created for an episode that was never recorded, so that a repeated job does not restore the episode.
const REMOVE_EPISODES = `
    MERGE (k:_Meta {key: x.key})
    SET k.episode = x.uuid, k.removed_at = $now, k.metadata = null, k.unread = null, k.use = null, k.told = null
    WITH x
    MATCH (p:Episodic {uuid: x.uuid})
    DETACH DELETE p`;

// Passages and statements are never changed: the old ones were removed above. `masked` keeps a repeated job of the episode from writing
// them again.
const MASK_EPISODES = `
    MATCH (p:Episodic {uuid: x.uuid})
    MERGE (k:_Meta {key: x.key})
    SET p.content = x.content, k.episode = x.uuid, k.metadata = x.metadata, k.masked = true
    FOREACH (y IN x.statements | CREATE (:_Statement {${STATEMENT_PROPERTIES}}))
    FOREACH (y IN x.passages | CREATE (:_Passage {${PASSAGE_PROPERTIES}}))`;

const LINK_EPISODES = `
    MATCH (a:Episodic {uuid: x.a})
    MATCH (b:Episodic {uuid: x.b})
    MERGE (a)-[r:NEXT_EPISODE]->(b) ON CREATE SET r.uuid = ${NEXT_EPISODE_UUID}, r.group_id = $group, r.created_at = $now`;

// The summary may mention the removed content. It is built again on request.
const SHORTEN_SAGAS = `
    MATCH (s:Saga {uuid: x.uuid})
    SET s.first_episode_uuid = x.first, s.last_episode_uuid = x.last, s.summary = '', s.last_summarized_at = null,
        s.last_summarized_episode_valid_at = null`;

import type { CommitChanges } from '../commit-changes.ts';
import { quotedLabel } from '../query-text.ts';
import { PASSAGE_PROPERTIES } from './passages.ts';
import { NEXT_EPISODE_UUID } from './sagas.ts';
import { STATEMENT_PROPERTIES } from './statements.ts';

/** One part of the query of a commit. */
export interface CommitPart {
  /** The name of the parameter that holds its rows. */
  readonly name: string;
  /** Cypher that runs for each row `x`. */
  readonly query: string;
  readonly rows: readonly object[];
}

export const MATCH_FACT = `
    MATCH (a:Entity {uuid: x.source})
    MATCH (b:Entity {uuid: x.target})
    MATCH (a)-[e:RELATES_TO {uuid: x.uuid}]->(b)`;

/** The parts that remove types and aliases before new ones are set. */
export function clearingParts({ unlabelled, clearedAliases }: CommitChanges): CommitPart[] {
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
export function removalParts(changes: CommitChanges): CommitPart[] {
  const removedUuids = changes.removedFacts.map(({ uuid }) => uuid);
  const rebuilt = [...changes.removedEpisodes, ...changes.maskedEpisodes].map(({ uuid }) => ({ uuid }));
  return [
    {
      name: 'removedEvidence',
      query: 'MATCH (k:_Meta {key: x.key}) DELETE k',
      rows: changes.removedFacts.map(({ uuid }) => ({ key: `fact:${uuid}` })),
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
        ...changes.removedEntities.map(({ uuid }) => ({ key: `long:${uuid}` })),
        ...changes.removedCommunities.map(({ key }) => ({ key })),
      ],
    },
  ];
}

// Searches all episodes, since Python does not store on a fact which episodes mention it. Facts are rarely removed.
const FORGET_FACTS = `
    MATCH (p:Episodic) WHERE any(it IN p.entity_edges WHERE it IN x.uuids)
    SET p.entity_edges = [it IN p.entity_edges WHERE NOT it IN x.uuids]`;

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

import { derivedUuid } from '../../derived-uuid.ts';
import type { AttributeValue } from '../../ontology.ts';
import { oneLine, sameKey, spellings } from '../../text.ts';
import { allWords } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';
import { BEHIND_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';
import { heldCondition, type Moment, momentParams } from './moment.ts';
import { type FactRow, RETURN_FACTS } from './search-facts.ts';

/** What users' own types tell of an entity or a fact. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** As a query gives them: Cypher makes no map of names that it learns while it runs. */
export type AttributePairs = readonly (readonly [name: string, value: AttributeValue])[];

/** Graphiti keeps them beside its own properties, which are these, of entities and facts. */
const GRAPHITIS = `'uuid', 'name', 'group_id', 'labels', 'summary', 'name_embedding', 'fact', 'fact_embedding', 'episodes',
  'created_at', 'expired_at', 'valid_at', 'invalid_at', 'reference_time', 'source_node_uuid', 'target_node_uuid'`;

/** Cypher that gives the `AttributePairs` of what is bound to a name. */
export const attributesOf = (name: string) =>
  `[key IN keys(${name}) WHERE NOT key IN [${GRAPHITIS}] | [key, ${name}[key]]]`;

export interface FactEnds {
  readonly uuid: string;
  readonly sourceUuid: string;
  readonly targetUuid: string;
}

/** By uuid, those of the entities and facts that have any. */
export async function readAttributes(
  graph: GroupGraph,
  entities: readonly string[],
  facts: readonly FactEnds[],
): Promise<Map<string, Attributes>> {
  const rows = await graph.read<{ uuid: string; attributes: AttributePairs }>(
    `CALL {
       UNWIND $entities AS uuid
       MATCH (x:Entity {uuid: uuid})
       RETURN uuid, ${attributesOf('x')} AS attributes
       UNION ALL
       UNWIND $facts AS fact
       MATCH (:Entity {uuid: fact.sourceUuid})-[x:RELATES_TO {uuid: fact.uuid}]->(:Entity {uuid: fact.targetUuid})
       RETURN x.uuid AS uuid, ${attributesOf('x')} AS attributes
     }
     WITH uuid, attributes WHERE size(attributes) > 0
     RETURN uuid, attributes`,
    { entities, facts: facts.map(({ uuid, sourceUuid, targetUuid }) => ({ uuid, sourceUuid, targetUuid })) },
  );
  return new Map(rows.map(({ uuid, attributes }) => [uuid, Object.fromEntries(attributes)]));
}

/** Entities that a name may mean. `name` is the requested name. */
export interface CalledEntity {
  readonly asked: string;
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly summary: string;
}

/** Entities that have one of the names, in any writing of case, or one as an alias or as their uuid. */
export function entitiesCalled(graph: GroupGraph, names: readonly string[]): Promise<CalledEntity[]> {
  const asked = names.flatMap((name) => {
    const forms = [...spellings(oneLine(name)), { name, key: sameKey(name) }];
    return forms.map((it) => ({
      asked: name,
      name: it.name,
      wanted: it.key,
      words: allWords(it.name),
      key: `alias:${it.key}`,
      made: derivedUuid('entity', graph.group, it.key),
    }));
  });
  const worded = asked.filter(({ words }) => words !== '');
  return graph.read(
    `CALL {
       UNWIND $asked AS x
       MATCH (n:Entity) WHERE n.uuid = x.name OR n.name = x.name
       RETURN n, x.asked AS asked
       UNION
       UNWIND $asked AS x
       MATCH (n:Entity {uuid: x.made})
       RETURN n, x.asked AS asked
       UNION
       UNWIND $worded AS x
       CALL db.idx.fulltext.queryNodes('Entity', x.words) YIELD node AS n
       WITH n, x WHERE toLower(trim(n.name)) = x.wanted
       RETURN n, x.asked AS asked
       UNION
       UNWIND $asked AS x
       MATCH (m:_Meta {key: x.key})
       WITH m, x
       MATCH (n:Entity {uuid: m.entity})
       RETURN n, x.asked AS asked
       UNION
       UNWIND $worded AS x
       CALL db.idx.fulltext.queryNodes('_Alias', x.words) YIELD node AS m
       WITH m, x WHERE toLower(trim(m.alias)) = x.wanted
       MATCH (n:Entity {uuid: m.entity})
       RETURN n, x.asked AS asked
     }
     RETURN DISTINCT asked, n.uuid AS uuid, n.name AS name, labels(n) AS labels, coalesce(n.summary, '') AS summary
     ORDER BY name, uuid`,
    { asked, worded },
  );
}

/** Names of episodes and entities and sentences of facts, by uuid. */
export async function nameAll(
  graph: GroupGraph,
  { episodes, facts, entities }: Record<'episodes' | 'facts' | 'entities', readonly string[]>,
): Promise<ReadonlyMap<string, string>> {
  const rows = await graph.read<{ uuid: string; name: string }>(
    `UNWIND $episodes AS uuid MATCH (p:Episodic {uuid: uuid}) RETURN uuid, p.name AS name
     UNION ALL
     UNWIND $facts AS uuid MATCH ()-[e:RELATES_TO {uuid: uuid}]->() RETURN uuid, e.fact AS name
     UNION ALL
     UNWIND $entities AS uuid MATCH (n:Entity {uuid: uuid}) RETURN uuid, n.name AS name`,
    { episodes, facts, entities },
  );
  return new Map(rows.map(({ uuid, name }) => [uuid, name]));
}

/** Every fact of some entities, whenever it held. */
export function entityHistory(graph: GroupGraph, entities: readonly string[]): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $entities AS uuid
     MATCH (:Entity {uuid: uuid})-[e:RELATES_TO]-(:Entity)
     WITH DISTINCT e
     ${RETURN_FACTS}`,
    { entities },
  );
}

/** uuids of all facts of some entities. */
export async function entityFacts(graph: GroupGraph, entities: readonly string[]): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $entities AS uuid
     MATCH (:Entity {uuid: uuid})-[e:RELATES_TO]-(:Entity)
     RETURN DISTINCT e.uuid AS uuid`,
    { entities },
  );
  return rows.map(({ uuid }) => uuid);
}

/** What an entity is summed up by, and from. */
export interface SummaryRow {
  readonly uuid: string;
  readonly summary: string;
  /** The sentences of its facts that hold, those that began first before others; null for an entity of many facts. */
  readonly held: readonly string[] | null;
}

/** So many sentences are too long together anyhow. */
const MANY = 60;

/**
 * @param now graph format
 * @param many of an entity with more facts they are not read
 */
export async function readSummaries(
  graph: GroupGraph,
  uuids: readonly string[],
  now: string,
  many = MANY,
): Promise<SummaryRow[]> {
  if (uuids.length === 0) return [];
  const rows = await graph.read<SummaryRow & { degree: number }>(
    `UNWIND $uuids AS uuid
     MATCH (n:Entity {uuid: uuid})
     WITH n, indegree(n, 'RELATES_TO') + outdegree(n, 'RELATES_TO') AS degree
     CALL {
       WITH n, degree
       OPTIONAL MATCH (n)-[e:RELATES_TO]-(:Entity) WHERE degree <= $many AND coalesce(e.invalid_at, '9') > $now
       WITH e ORDER BY coalesce(e.valid_at, ''), e.fact
       RETURN collect(e.fact) AS held
     }
     RETURN n.uuid AS uuid, coalesce(n.summary, '') AS summary, degree, held`,
    { uuids, now, many },
  );
  return rows.map(({ degree, held, ...row }) => ({ ...row, held: degree <= many ? held : null }));
}

/** An entity that was noted because its facts no longer fit into its summary. */
export interface LongEntity {
  /** Key of the note. */
  readonly key: string;
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  /** What holds about it, the newest first. */
  readonly facts: readonly string[];
}

const FACTS_OF_EACH = 200;

/** The next notes after the key `after`, `''` for the first ones, in the order of their keys. */
export function readLongEntities(
  graph: GroupGraph,
  moment: Moment,
  after: string,
  limit: number,
): Promise<LongEntity[]> {
  return graph.read(
    `MATCH (k:_Meta) WHERE k.key > $after AND k.key >= 'long:' AND k.key < 'long;'
     WITH k ORDER BY k.key LIMIT $limit
     OPTIONAL MATCH (n:Entity {uuid: k.entity})
     CALL {
       WITH n
       OPTIONAL MATCH (n)-[e:RELATES_TO]-(:Entity) WHERE ${heldCondition(moment)}
       WITH DISTINCT e.fact AS fact, coalesce(e.valid_at, '') AS validAt, e.uuid AS uuid
       ORDER BY validAt DESC, uuid LIMIT ${FACTS_OF_EACH}
       RETURN collect(fact) AS facts
     }
     RETURN k.key AS key, coalesce(n.uuid, '') AS uuid, coalesce(n.name, '') AS name, coalesce(n.summary, '') AS summary, facts`,
    { ...momentParams(moment), after, limit },
  );
}

/** The key of the note on an entity. */
export const longKey = (entity: string): string => `long:${entity}`;

export interface EntitySummaries extends Fenced {
  readonly summaries: readonly {
    /** Key of the note, which is done with. */
    readonly key: string;
    readonly uuid: string;
    /** The summary as it was when the new one was worked out. */
    readonly was: string;
    readonly summary: string;
  }[];
  /** Keys of notes on entities that are gone. */
  readonly gone: readonly string[];
}

/**
 * Returns false and writes nothing if another worker has written since `seen` was read. What was learnt of an entity while its
 * summary was being told would be lost with it, so that such a one stays as it is, and noted.
 */
export async function writeEntitySummaries(
  graph: GroupGraph,
  { fence, seen, summaries, gone }: EntitySummaries,
): Promise<boolean> {
  const rows = await graph.change(
    `${BEHIND_FENCE}
     CALL {
       UNWIND $summaries AS x
       MATCH (n:Entity {uuid: x.uuid}) WHERE coalesce(n.summary, '') = x.was
       WITH x, n
       MATCH (k:_Meta {key: x.key})
       SET n.summary = x.summary
       DELETE k
       RETURN count(*) AS written
     }
     CALL {
       UNWIND $gone AS key
       MATCH (k:_Meta {key: key})
       DELETE k
       RETURN count(*) AS removed
     }
     ${RETURN_FENCE}`,
    { fence, seen, summaries: summaries.map((it) => ({ ...it })), gone: [...gone] },
  );
  return rows.length > 0;
}

import { derivedUuid } from '../../derived-uuid.ts';
import type { AttributeValue } from '../../ontology.ts';
import { canonicalKey, oneLine, unicodeForms } from '../../text.ts';
import { allWords } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';
import { aliasKey } from '../meta-keys.ts';
import { CHECK_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';
import type { Conditions } from './filter-conditions.ts';
import { type FactRow, NEWEST_FIRST, RETURN_FACTS } from './search-facts.ts';
import { holdsCondition, type Moment, momentParams } from './time-conditions.ts';

/** The attributes that the user's own types give an entity or a fact. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Attributes as query results: Cypher cannot build a map with dynamic keys. */
export type AttributePairs = readonly (readonly [name: string, value: AttributeValue])[];

/** Properties that Graphiti itself stores on entities and facts. All other properties are attributes. */
const GRAPHITIS = `'uuid', 'name', 'group_id', 'labels', 'summary', 'name_embedding', 'fact', 'fact_embedding', 'episodes',
  'created_at', 'expired_at', 'valid_at', 'invalid_at', 'reference_time', 'source_node_uuid', 'target_node_uuid'`;

/** Cypher for the `AttributePairs` of a node or edge bound to a name. */
export const attributesOf = (name: string) =>
  `[key IN keys(${name}) WHERE NOT key IN [${GRAPHITIS}] | [key, ${name}[key]]]`;

export interface FactEndpoints {
  readonly uuid: string;
  readonly sourceUuid: string;
  readonly targetUuid: string;
}

/** The attributes of entities and facts that have any, by uuid. */
export async function readAttributes(
  graph: GroupGraph,
  entities: readonly string[],
  facts: readonly FactEndpoints[],
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

/** An entity that a requested `name` may refer to. */
export interface EntityByName {
  readonly asked: string;
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly summary: string;
}

/** Entities with one of the names (ignoring case), aliases or uuids. */
export function findEntitiesByName(graph: GroupGraph, names: readonly string[]): Promise<EntityByName[]> {
  const asked = names.flatMap((name) => {
    const forms = [...unicodeForms(oneLine(name)), { name, key: canonicalKey(name) }];
    return forms.map((form) => ({
      asked: name,
      name: form.name,
      wanted: form.key,
      words: allWords(form.name),
      key: aliasKey(form.key),
      made: derivedUuid('entity', graph.group, form.key),
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

/** Entities whose name or alias has all words of a part of a name, such as a first name; at most `limit`. */
export async function findEntitiesByNamePart(graph: GroupGraph, part: string, limit: number): Promise<string[]> {
  const words = allWords(part);
  if (words === '') return [];
  const rows = await graph.read<{ uuid: string }>(
    `CALL {
       CALL db.idx.fulltext.queryNodes('Entity', '@name:(' + $words + ')') YIELD node AS n
       RETURN n.uuid AS uuid LIMIT $limit
       UNION
       CALL db.idx.fulltext.queryNodes('_Alias', $words) YIELD node AS m
       RETURN m.entity AS uuid LIMIT $limit
     }
     RETURN DISTINCT uuid ORDER BY uuid LIMIT $limit`,
    { words, limit },
  );
  return rows.map(({ uuid }) => uuid);
}

/** The facts of some entities that meet the conditions, those that most episodes state first, then the newest. */
export function factsAbout(
  graph: GroupGraph,
  entities: readonly string[],
  { text, params }: Conditions,
  limit: number,
): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $entities AS uuid
     MATCH (:Entity {uuid: uuid})-[e:RELATES_TO]-(:Entity) WHERE ${text}
     WITH DISTINCT e ORDER BY size(coalesce(e.episodes, [])) DESC, ${NEWEST_FIRST} LIMIT $limit
     ${RETURN_FACTS}`,
    { ...params, entities, limit },
  );
}

/** Names of episodes and entities and sentences of facts, by uuid. */
export async function readNames(
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

/** All facts of some entities, past and present. */
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

/** A fact that the summary of an entity or a community quotes. */
export interface FactInSummary {
  /** uuid of the entity or community. */
  readonly owner: string;
  readonly fact: string;
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly createdAt: string;
  readonly expiredAt: string | null;
  readonly episodes: readonly string[];
}

/** Facts of the entities, or of the communities' members, whose sentences are in the summaries. */
export async function factsInSummaries(
  graph: GroupGraph,
  owners: readonly { readonly uuid: string; readonly summary: string }[],
): Promise<FactInSummary[]> {
  const rows = await Promise.all(
    ['(:Entity {uuid: one.uuid})', '(:Community {uuid: one.uuid})-[:HAS_MEMBER]->(:Entity)'].map((entities) =>
      graph.read<FactInSummary>(
        `UNWIND $owners AS one
         MATCH ${entities}-[e:RELATES_TO]-(:Entity) WHERE one.summary CONTAINS e.fact
         RETURN DISTINCT one.uuid AS owner, e.fact AS fact, e.valid_at AS validAt, e.invalid_at AS invalidAt,
           e.created_at AS createdAt, e.expired_at AS expiredAt, coalesce(e.episodes, []) AS episodes`,
        { owners: owners.map(({ uuid, summary }) => ({ uuid, summary })) },
      ),
    ),
  );
  return rows.flat();
}

/** An entity's summary and the facts from which it is made. */
export interface SummaryRow {
  readonly uuid: string;
  readonly summary: string;
  /** The sentences of its current facts, sorted by beginning; null for an entity with many facts. */
  readonly held: readonly string[] | null;
}

/** More sentences never fit into a summary. */
const MAX_SENTENCES = 60;

/**
 * @param now graph format
 * @param many facts of an entity with more facts are not read
 */
export async function readSummaries(
  graph: GroupGraph,
  uuids: readonly string[],
  now: string,
  many = MAX_SENTENCES,
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

/** An entity whose facts no longer fit into its summary. A commit leaves a `_Meta` node for it. */
export interface LongEntity {
  /** Key of the `_Meta` node. */
  readonly key: string;
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  /** Sentences of its current facts, newest first. */
  readonly facts: readonly string[];
}

const FACTS_OF_EACH = 200;

/** The next such entities after the key `after` (`''` for the first page), in the order of their keys. */
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
       OPTIONAL MATCH (n)-[e:RELATES_TO]-(:Entity) WHERE ${holdsCondition(moment)}
       WITH DISTINCT e.fact AS fact, coalesce(e.valid_at, '') AS validAt, e.uuid AS uuid
       ORDER BY validAt DESC, uuid LIMIT ${FACTS_OF_EACH}
       RETURN collect(fact) AS facts
     }
     RETURN k.key AS key, coalesce(n.uuid, '') AS uuid, coalesce(n.name, '') AS name, coalesce(n.summary, '') AS summary, facts`,
    { ...momentParams(moment), after, limit },
  );
}

export interface EntitySummaries extends Fenced {
  readonly summaries: readonly {
    /** Key of the `_Meta` node, which is then removed. */
    readonly key: string;
    readonly uuid: string;
    /** The summary from which the new one was made. */
    readonly was: string;
    readonly summary: string;
  }[];
  /** Keys of the `_Meta` nodes of removed entities. */
  readonly gone: readonly string[];
}

/**
 * Returns false and writes nothing if another worker has written since `seen` was read. A summary that changed while the model shortened it
 * stays, with its `_Meta` node, since the new text would lack the change.
 */
export async function writeEntitySummaries(
  graph: GroupGraph,
  { fence, seen, summaries, gone }: EntitySummaries,
): Promise<boolean> {
  const rows = await graph.change(
    `${CHECK_FENCE}
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
    { fence, seen, summaries: summaries.map((summary) => ({ ...summary })), gone: [...gone] },
  );
  return rows.length > 0;
}

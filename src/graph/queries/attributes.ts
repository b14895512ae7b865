import type { AttributeValue } from '../../ontology.ts';
import type { GroupGraph } from '../group-graph.ts';

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

import { quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';

/** All that one group commit changes. Dates are in the graph's format; every uuid is given, so that doing it again changes nothing. */
export interface Commit {
  /** Number of the lease under which the changes were worked out. */
  readonly fence: number;
  readonly now: string;
  readonly newEntities: readonly NewEntity[];
  /** A type learnt for an entity that had none. */
  readonly labelled: readonly { readonly uuid: string; readonly label: string }[];
  readonly newFacts: readonly NewFact[];
  /** Facts stated again, ended or both, with the values that they have from now on. */
  readonly changedFacts: readonly ChangedFact[];
  readonly mentions: readonly { readonly uuid: string; readonly episode: string; readonly entity: string }[];
  readonly episodes: readonly { readonly uuid: string; readonly key: string; readonly facts: readonly string[] }[];
}

export interface NewEntity {
  readonly uuid: string;
  readonly name: string;
  readonly label: string;
  readonly embedding: readonly number[];
}

export interface NewFact {
  readonly uuid: string;
  readonly source: string;
  readonly target: string;
  readonly relation: string;
  readonly fact: string;
  readonly episodes: readonly string[];
  readonly validAt: string;
  readonly invalidAt: string | null;
  readonly expiredAt: string | null;
  readonly referenceTime: string;
  readonly embedding: readonly number[];
}

export interface ChangedFact {
  readonly uuid: string;
  readonly source: string;
  readonly target: string;
  readonly episodes: readonly string[];
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly expiredAt: string | null;
}

/**
 * Writes everything or nothing, in one query. Gives false, having written nothing, when the graph has seen a higher
 * fencing number, that is, when another worker has taken over the group.
 */
export async function commit(graph: GroupGraph, changes: Commit): Promise<boolean> {
  const labels = [...new Set([...changes.newEntities, ...changes.labelled].map(({ label }) => label))];
  const rows = await graph.write<{ token: number }>(
    `MERGE (m:_Meta {key: 'fence'}) ON CREATE SET m.token = 0
     WITH m WHERE m.token <= $fence SET m.token = $fence
     WITH m
     CALL {
       UNWIND $newEntities AS x
       MERGE (n:Entity {uuid: x.uuid})
       SET n = x.properties, n.name_embedding = vecf32(x.embedding)
       ${setLabels(labels, 'n')}
       RETURN count(*) AS entities
     }
     CALL {
       UNWIND $labelled AS x
       MATCH (l:Entity {uuid: x.uuid})
       SET l.labels = ['Entity', x.label]
       ${setLabels(labels, 'l')}
       RETURN count(*) AS labelled
     }
     CALL {
       UNWIND $newFacts AS x
       MATCH (a:Entity {uuid: x.source})
       MATCH (b:Entity {uuid: x.target})
       MERGE (a)-[e:RELATES_TO {uuid: x.uuid}]->(b)
       SET e = x.properties, e.fact_embedding = vecf32(x.embedding)
       RETURN count(*) AS facts
     }
     CALL {
       UNWIND $changedFacts AS x
       MATCH (a:Entity {uuid: x.source})
       MATCH (b:Entity {uuid: x.target})
       MATCH (a)-[e:RELATES_TO {uuid: x.uuid}]->(b)
       SET e.episodes = x.episodes, e.valid_at = x.validAt, e.invalid_at = x.invalidAt, e.expired_at = x.expiredAt
       RETURN count(*) AS changed
     }
     CALL {
       UNWIND $mentions AS x
       MATCH (p:Episodic {uuid: x.episode})
       MATCH (n:Entity {uuid: x.entity})
       MERGE (p)-[r:MENTIONS {uuid: x.uuid}]->(n)
       SET r.group_id = $group, r.created_at = $now
       RETURN count(*) AS mentions
     }
     CALL {
       UNWIND $episodes AS x
       MATCH (p:Episodic {uuid: x.uuid})
       MERGE (k:_Meta {key: x.key})
       SET p.entity_edges = x.facts, k.committed_at = $now
       RETURN count(*) AS episodes
     }
     RETURN m.token AS token`,
    {
      fence: changes.fence,
      now: changes.now,
      group: graph.group,
      newEntities: changes.newEntities.map((entity) => entityRow(entity, graph.group, changes.now)),
      labelled: changes.labelled.map(({ uuid, label }) => ({ uuid, label })),
      newFacts: changes.newFacts.map((fact) => factRow(fact, graph.group, changes.now)),
      changedFacts: changes.changedFacts.map((fact) => ({ ...fact })),
      mentions: changes.mentions.map((mention) => ({ ...mention })),
      episodes: changes.episodes.map((episode) => ({ ...episode })),
    },
  );
  return rows.length > 0;
}

// Labels cannot be parameters; each becomes a conditional SET of its own.
function setLabels(labels: readonly string[], node: string): string {
  return labels
    .filter((label) => label !== 'Entity')
    .map(
      (label) =>
        `FOREACH (_ IN CASE WHEN x.label = '${label}' THEN [1] ELSE [] END | SET ${node}:${quotedLabel(label)})`,
    )
    .join('\n');
}

function entityRow({ uuid, name, label, embedding }: NewEntity, group: string, now: string) {
  const labels = label === 'Entity' ? ['Entity'] : ['Entity', label];
  return {
    uuid,
    label,
    embedding,
    properties: { uuid, name, group_id: group, summary: '', created_at: now, labels },
  };
}

function factRow(fact: NewFact, group: string, now: string) {
  return {
    uuid: fact.uuid,
    source: fact.source,
    target: fact.target,
    embedding: fact.embedding,
    properties: {
      uuid: fact.uuid,
      source_node_uuid: fact.source,
      target_node_uuid: fact.target,
      name: fact.relation,
      fact: fact.fact,
      group_id: group,
      episodes: fact.episodes,
      created_at: now,
      valid_at: fact.validAt,
      invalid_at: fact.invalidAt,
      expired_at: fact.expiredAt,
      reference_time: fact.referenceTime,
    },
  };
}

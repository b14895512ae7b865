import { quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';

/** All that one group commit changes. Dates are in the graph's format; every uuid is given, so that doing it again changes nothing. */
export interface Commit {
  /** Number of the lease under which the changes were worked out. */
  readonly fence: number;
  /** The fence that the graph had before anything was read for these changes. */
  readonly seen: number;
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
  /** Null when it is not known; then it holds from ever. */
  readonly validAt: string | null;
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
 * Writes everything or nothing, in one query. Gives false, having written nothing, when somebody has written since `seen` was
 * read, also when that was a worker that had lost the group before, or holds it after us.
 */
export async function commit(graph: GroupGraph, changes: Commit): Promise<boolean> {
  const kinds = Map.groupBy(changes.newEntities, ({ label }) => label);
  const rows = await graph.write<{ token: number }>(
    `MERGE (m:_Meta {key: 'fence'}) ON CREATE SET m.token = 0
     WITH m WHERE m.token = $seen AND m.token <= $fence SET m.token = $fence
     WITH m
     ${[...kinds.keys()].map(createEntities).join('\n')}
     CALL {
       UNWIND $labelled AS x
       MATCH (n:Entity {uuid: x.uuid})
       SET n.labels = ['Entity', x.label]
       ${[...new Set(changes.labelled.map(({ label }) => label))].map(setLabel).join('\n')}
       RETURN count(*) AS labelled
     }
     CALL {
       UNWIND $newFacts AS x
       MATCH (a:Entity {uuid: x.source})
       MATCH (b:Entity {uuid: x.target})
       OPTIONAL MATCH (a)-[known:RELATES_TO {uuid: x.uuid}]->(b)
       WITH x, a, b, known WHERE known IS NULL
       CREATE (a)-[:RELATES_TO {
         uuid: x.uuid, source_node_uuid: x.source, target_node_uuid: x.target, name: x.relation, fact: x.fact,
         group_id: $group, episodes: x.episodes, created_at: $now, valid_at: x.validAt, invalid_at: x.invalidAt,
         expired_at: x.expiredAt, reference_time: x.referenceTime, fact_embedding: vecf32(x.embedding)
       }]->(b)
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
       SET p.entity_edges = x.facts, k.committed_at = $now, k.unread = CASE WHEN size(x.facts) = 0 THEN k.unread ELSE NULL END
       RETURN count(*) AS episodes
     }
     RETURN m.token AS token`,
    {
      fence: changes.fence,
      seen: changes.seen,
      now: changes.now,
      group: graph.group,
      ...Object.fromEntries([...kinds].map(([label, entities]) => [`new_${label}`, entities.map((it) => ({ ...it }))])),
      labelled: changes.labelled.map((it) => ({ ...it })),
      newFacts: changes.newFacts.map((it) => ({ ...it })),
      changedFacts: changes.changedFacts.map((it) => ({ ...it })),
      mentions: changes.mentions.map((it) => ({ ...it })),
      episodes: changes.episodes.map((it) => ({ ...it })),
    },
  );
  return rows.length > 0;
}

// Labels cannot be parameters, so each kind has a part of its own. Entities are created with all that they hold: a property
// set later would enter the indexes a second time, and a vector's entry is what a commit spends most of its time on.
function createEntities(label: string): string {
  const labels = label === 'Entity' ? `['Entity']` : `['Entity', '${label}']`;
  return `
     CALL {
       UNWIND $new_${label} AS x
       OPTIONAL MATCH (known:Entity {uuid: x.uuid})
       WITH x, known WHERE known IS NULL
       CREATE (:Entity${label === 'Entity' ? '' : `:${quotedLabel(label)}`} {
         uuid: x.uuid, name: x.name, group_id: $group, summary: '', created_at: $now, labels: ${labels},
         name_embedding: vecf32(x.embedding)
       })
       RETURN count(*) AS created_${label}
     }`;
}

function setLabel(label: string): string {
  return `FOREACH (_ IN CASE WHEN x.label = '${label}' THEN [1] ELSE [] END | SET n:${quotedLabel(label)})`;
}

import type { GroupGraph } from '../group-graph.ts';
import { heldCondition, type Moment, momentParams } from './moment.ts';

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

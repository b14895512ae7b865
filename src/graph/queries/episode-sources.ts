import type { GroupGraph } from '../group-graph.ts';

/** An episode that a fact or an entity was learnt from. */
export interface SourceRow {
  /** The entity whose source it is; null for an episode that was asked for. */
  readonly entity: string | null;
  readonly uuid: string;
  readonly name: string;
  /** As the graph has it. */
  readonly referenceTime: string;
}

/** Sources of each entity, the oldest. */
const OF_EACH = 20;

/** The names of some episodes, and of those that mention some entities. */
export function episodeSources(
  graph: GroupGraph,
  episodes: readonly string[],
  entities: readonly string[],
): Promise<SourceRow[]> {
  return graph.read(
    `CALL {
       UNWIND $episodes AS uuid
       MATCH (p:Episodic {uuid: uuid})
       RETURN null AS entity, p
       UNION ALL
       UNWIND $entities AS entity
       MATCH (n:Entity {uuid: entity})
       CALL {
         WITH n
         MATCH (n)<-[:MENTIONS]-(p:Episodic)
         WITH DISTINCT p ORDER BY p.valid_at LIMIT ${OF_EACH}
         RETURN p
       }
       RETURN entity, p
     }
     RETURN entity, p.uuid AS uuid, p.name AS name, p.valid_at AS referenceTime`,
    { episodes, entities },
  );
}

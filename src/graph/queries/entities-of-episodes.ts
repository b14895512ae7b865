import type { GroupGraph } from '../group-graph.ts';
import { type EntityRow, RETURN_ENTITIES } from './entity-rows.ts';

/** The entities that any of some episodes speaks of, in the order of their names. */
export function entitiesOfEpisodes(graph: GroupGraph, episodes: readonly string[]): Promise<EntityRow[]> {
  return graph.read(
    `UNWIND $episodes AS episode
     MATCH (:Episodic {uuid: episode})-[:MENTIONS]->(node:Entity)
     WITH DISTINCT node ORDER BY node.name, node.uuid
     WITH node, [] AS seen
     ${RETURN_ENTITIES}`,
    { episodes },
  );
}

import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';

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

import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';

/** More are not listed. */
export const MOST_FACTS = 10_000;

/** Every fact of some entities, whenever it held. */
export function entityHistory(graph: GroupGraph, entities: readonly string[]): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $entities AS uuid
     MATCH (:Entity {uuid: uuid})-[e:RELATES_TO]-(:Entity)
     WITH DISTINCT e LIMIT ${MOST_FACTS}
     ${RETURN_FACTS}`,
    { entities },
  );
}

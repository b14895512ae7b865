import type { GroupGraph } from '../group-graph.ts';
import { type FactRow, RETURN_FACTS } from './fact-rows.ts';

/** A fact, whenever it held; undefined for none. */
export async function readFact(graph: GroupGraph, uuid: string): Promise<FactRow | undefined> {
  const [row] = await graph.read<FactRow>(`MATCH ()-[e:RELATES_TO {uuid: $uuid}]->() ${RETURN_FACTS} LIMIT 1`, {
    uuid,
  });
  return row;
}

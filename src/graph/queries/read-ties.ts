import type { GroupGraph } from '../group-graph.ts';
import { heldCondition, type Moment, momentParams } from './moment.ts';

/** Two entities and how many facts hold between them, in either direction. */
export interface Tie {
  readonly a: string;
  readonly b: string;
  readonly weight: number;
}

/** All pairs of entities that a fact joins at a moment; a fact about one entity alone joins nothing. */
export function readTies(graph: GroupGraph, moment: Moment): Promise<Tie[]> {
  return graph.read(
    `MATCH (n:Entity)-[e:RELATES_TO]->(o:Entity) WHERE n.uuid <> o.uuid AND ${heldCondition(moment)}
     WITH CASE WHEN n.uuid < o.uuid THEN n.uuid ELSE o.uuid END AS a,
          CASE WHEN n.uuid < o.uuid THEN o.uuid ELSE n.uuid END AS b
     RETURN a, b, count(*) AS weight`,
    momentParams(moment),
  );
}

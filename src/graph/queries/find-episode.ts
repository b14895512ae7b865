import type { GroupGraph } from '../group-graph.ts';

/** Episodes of this uuid or this name; a name may stand for more than one. */
export function findEpisode(graph: GroupGraph, uuidOrName: string): Promise<{ uuid: string; name: string }[]> {
  return graph.read(
    `MATCH (p:Episodic) WHERE p.uuid = $it OR p.name = $it
     RETURN DISTINCT p.uuid AS uuid, p.name AS name ORDER BY uuid`,
    { it: uuidOrName },
  );
}

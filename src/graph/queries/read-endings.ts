import type { GroupGraph } from '../group-graph.ts';

/** Keys of the `_Meta` nodes that note an ending which one of the episodes told, or that has to do with one of the entities. */
export async function readEndings(
  graph: GroupGraph,
  episodes: readonly string[],
  entities: readonly string[],
): Promise<string[]> {
  const rows = await graph.read<{ key: string }>(
    `MATCH (e:_Meta) WHERE e.endings IS NOT NULL AND (any(it IN e.endings WHERE left(it, 36) IN $episodes)
       OR any(it IN $entities WHERE e.key CONTAINS it))
     RETURN e.key AS key`,
    { episodes, entities },
  );
  return rows.map(({ key }) => key);
}

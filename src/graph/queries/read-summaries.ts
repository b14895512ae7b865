import type { GroupGraph } from '../group-graph.ts';

/** The summaries of entities, by uuid. */
export async function readSummaries(graph: GroupGraph, uuids: readonly string[]): Promise<Map<string, string>> {
  if (uuids.length === 0) return new Map();
  const rows = await graph.read<{ uuid: string; summary: string }>(
    `UNWIND $uuids AS uuid MATCH (n:Entity {uuid: uuid}) RETURN n.uuid AS uuid, coalesce(n.summary, '') AS summary`,
    { uuids },
  );
  return new Map(rows.map(({ uuid, summary }) => [uuid, summary]));
}

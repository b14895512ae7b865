import type { GroupGraph } from '../group-graph.ts';

/** The reference time (graph format) of each of the episodes that are there. */
export async function episodeTimes(graph: GroupGraph, uuids: readonly string[]): Promise<Map<string, string>> {
  const rows = await graph.read<{ uuid: string; time: string }>(
    'UNWIND $uuids AS uuid MATCH (p:Episodic {uuid: uuid}) RETURN p.uuid AS uuid, p.valid_at AS time',
    { uuids },
  );
  return new Map(rows.map(({ uuid, time }) => [uuid, time]));
}

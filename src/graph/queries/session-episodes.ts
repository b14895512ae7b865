import type { GroupGraph } from '../group-graph.ts';

/** uuids of the episodes of a saga of that name, and of those whose metadata names the session. */
export async function sessionEpisodes(graph: GroupGraph, session: string): Promise<string[]> {
  const rows = await graph.read<{ uuid: string; metadata: string | null }>(
    `MATCH (:Saga {name: $session})-[:HAS_EPISODE]->(p:Episodic)
     RETURN DISTINCT p.uuid AS uuid, null AS metadata
     UNION ALL
     MATCH (k:_Meta) WHERE k.metadata CONTAINS $part AND k.removed_at IS NULL
     RETURN k.episode AS uuid, k.metadata AS metadata`,
    { session, part: JSON.stringify(session) },
  );
  const named = rows.filter(({ metadata }) => metadata === null || isOfSession(JSON.parse(metadata), session));
  return [...new Set(named.map(({ uuid }) => uuid))];
}

/** Whether an episode's metadata says that it belongs to a session. */
export function isOfSession(metadata: unknown, session: string): boolean {
  return (metadata as { session?: unknown } | null)?.session === session;
}

import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { watchFor } from '../wait.ts';

/**
 * Polls the graph, like a reader, for episodes that count as committed and whose facts are missing, or
 * the reverse. Each poll is one query and so one point in time.
 */
export function watchForHalfWritten(graph: GroupGraph) {
  let stopped = false;
  const halfWritten: string[] = [];
  let looks = 0;
  async function look(): Promise<void> {
    try {
      const rows = await graph.read<{ uuid: string }>(
        `MATCH (m:_Meta) WHERE m.episode IS NOT NULL
         MATCH (p:Episodic {uuid: m.episode})
         WITH p, m, size(p.entity_edges) AS facts
         WHERE (m.committed_at IS NULL) <> (facts = 0)
         RETURN p.uuid AS uuid`,
      );
      halfWritten.push(...rows.map(({ uuid }) => uuid));
      looks += 1;
    } catch {
      // The server is down, or the graph does not exist yet.
    }
  }
  const watching = (async () => {
    while (!stopped) {
      await look();
      await watchFor(100);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      await look();
      return { halfWritten, looks };
    },
  };
}

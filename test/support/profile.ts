import { Redis } from 'ioredis';
import type { Config } from '../../src/config.ts';
import type { GroupGraph } from '../../src/graph/group-graph.ts';
import { readChangeHead } from '../../src/graph/queries/fence.ts';
import { queryText } from '../../src/graph/query-text.ts';
import { graphName } from '../../src/group.ts';

/**
 * The largest number of rows in any step of the queries of `work`, by FalkorDB's profile. It shows whether a query
 * uses its index, without measuring time. Each query is profiled on a copy just before it runs.
 */
export async function maxRowsScanned(
  { falkordb }: Config,
  graph: GroupGraph,
  work: (watched: GroupGraph) => Promise<unknown>,
): Promise<number> {
  const server = new Redis(falkordb.port, falkordb.host);
  const [name, copy] = [graphName(graph.group), `${graphName(graph.group)}-profiled`];
  let most = 0;
  const profiled =
    <Args extends Parameters<GroupGraph['read']>, Result>(run: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const [query, params] = args;
      await server.call('GRAPH.COPY', name, copy);
      // Fenced changes get this parameter when they run.
      const text = queryText(query, { after: (await readChangeHead(graph)).changeId, mark: 'profiled', ...params });
      const steps = (await server.call('GRAPH.PROFILE', copy, text)) as string[];
      await server.call('GRAPH.DELETE', copy);
      for (const [, rows] of steps.join('\n').matchAll(/Records produced: (\d+)/g)) most = Math.max(most, Number(rows));
      return run(...args);
    };
  const watched = {
    ...graph,
    read: profiled(graph.read),
    write: profiled(graph.write),
    change: profiled(graph.change),
  };
  try {
    await work(watched as GroupGraph);
    return most;
  } finally {
    server.disconnect();
  }
}

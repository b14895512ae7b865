import { queryText } from './codec.ts';
import type { GroupGraph } from './group-graph.ts';

/** The same graph, whose writes come one after another in the order in which they are asked for; texts are made meanwhile. */
export function inTurn(graph: GroupGraph): GroupGraph {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...graph,
    async write<Row>(query: string, params?: Parameters<GroupGraph['write']>[1]): Promise<Row[]> {
      const text = queryText(query, params);
      const written = last.then(() => graph.write<Row>(text));
      last = written.catch(() => {});
      return written;
    },
  };
}

import { queryText } from './codec.ts';
import type { GroupGraph } from './group-graph.ts';

/** The same graph with its writes in call order, one at a time; query texts are built meanwhile. */
export function withOrderedWrites(graph: GroupGraph): GroupGraph {
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

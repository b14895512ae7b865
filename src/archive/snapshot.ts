import type { GroupGraph } from '../graph/group-graph.ts';
import { type EdgeRow, exportEdges } from '../graph/queries/export-edges.ts';
import { exportNodes, type NodeRow } from '../graph/queries/export-nodes.ts';
import { toGraphTime } from '../time.ts';

const PAGE = 200;

/**
 * The whole graph as the text of one JSON document, page by page: `{"format", "version", "group", "exported_at",
 * "nodes": [{labels, properties}], "edges": [{type, source, target, properties}]}`, where `source` and `target` are uuids.
 * Vectors are lists of numbers. It is consistent only while nobody commits to the group.
 */
export async function* snapshot(graph: GroupGraph, onNodes: (done: number) => void): AsyncGenerator<string> {
  const head = { format: 'memory-manager', version: 1, group: graph.group, exported_at: toGraphTime(new Date()) };
  yield `${JSON.stringify(head).slice(0, -1)},"nodes":[`;
  let done = 0;
  const bounds: number[] = [];
  yield* list(pagesOfNodes(graph, bounds), ({ labels, properties }) => {
    onNodes(++done);
    return { labels, properties };
  });
  yield '\n],"edges":[';
  yield* list(pagesOfEdges(graph, bounds), ({ id: _, ...edge }) => edge);
  yield '\n]}\n';
}

async function* list<Row>(pages: AsyncIterable<Row[]>, shape: (row: Row) => object): AsyncGenerator<string> {
  let separator = '\n';
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield separator + page.map((row) => JSON.stringify(shape(row))).join(',\n');
    separator = ',\n';
  }
}

async function* pagesOfNodes(graph: GroupGraph, bounds: number[]): AsyncGenerator<NodeRow[]> {
  for (let after = -1; ; ) {
    const page = await exportNodes(graph, after, PAGE);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = last.id;
    bounds.push(after);
  }
}

async function* pagesOfEdges(graph: GroupGraph, bounds: readonly number[]): AsyncGenerator<EdgeRow[]> {
  for (const [index, to] of bounds.entries()) {
    const from = (bounds[index - 1] ?? -1) + 1;
    for (let after = -1; ; ) {
      const page = await exportEdges(graph, from, to, after, PAGE);
      const last = page.at(-1);
      if (!last) break;
      yield page;
      after = last.id;
    }
  }
}

import type { GroupGraph } from '../graph/group-graph.ts';
import {
  type ExportDetail,
  exportEdges,
  exportEdgesOf,
  exportNodes,
  type GraphExtent,
  type NodeSize,
  readNodeSizes,
} from '../graph/queries/export.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type Element, edgeElement, nodeElement } from './graph-element.ts';

/** Reads one page, independently of other pages. */
type Ask = () => Promise<Element[]>;

/** Nodes whose weights are read in one query. */
const WEIGHED = 2_000;
/** Numbers of vectors in a page; reading them takes a hundred times as many bytes. */
const NUMBERS = 16_000;
const [LEAST, MOST] = [8, 250];
/** Elements in a page without vectors. */
const FLAT = 125;
/** Characters of text that count as much as one more node. */
const CHARACTERS = 4_000;

/**
 * All elements of a graph, page by page, first all nodes and then all edges; the next page is read while one is processed.
 * Commits must not happen meanwhile. Episodes may be recorded and finished, which needs no lease: `_Meta` nodes are read first,
 * so that no episode counts as finished whose text was recorded only after the texts were read.
 */
export async function* readPages(graph: GroupGraph, view: ReadScope): AsyncGenerator<Element[]> {
  yield* ahead(nodePages(graph, view, true));
  yield* ahead(nodePages(graph, view, false));
  yield* ahead(edgePages(graph, view));
}

/** The part of a graph to read. */
export interface ReadScope extends Pick<GraphExtent, 'last'> {
  /** Dimension of the vectors; limits the size of a page. */
  readonly dimension: number;
  /** Default: whole. Without vectors it takes a fraction of the time. */
  readonly depth?: ExportDetail;
}

function pageSize({ dimension, depth }: ReadScope): number {
  if (depth === 'without vectors') return FLAT;
  return Math.max(LEAST, Math.min(MOST, Math.floor(NUMBERS / Math.max(dimension, 1))));
}

async function* nodePages(graph: GroupGraph, view: ReadScope, isMeta: boolean): AsyncGenerator<Ask> {
  const { last, depth = 'whole' } = view;
  const weight = (node: NodeSize) => (node.isMeta === isMeta ? 1 + node.text / CHARACTERS : 0);
  for await (const { from, to } of windows(graph, last, pageSize(view), weight))
    yield async () => (await exportNodes(graph, from, to, isMeta, depth)).map(nodeElement);
}

async function* edgePages(graph: GroupGraph, view: ReadScope): AsyncGenerator<Ask> {
  const { last, depth = 'whole' } = view;
  const size = pageSize(view);
  for await (const { from, to, weight } of windows(graph, last, size, (node) => node.edges)) {
    if (weight <= size || from < to) yield async () => (await exportEdges(graph, from, to, depth)).map(edgeElement);
    else
      for (let skip = 0; skip < weight; skip += size)
        yield async () => (await exportEdgesOf(graph, from, skip, size, depth)).map(edgeElement);
  }
}

interface Window {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** Ranges of nodes that weigh no more than `size` together, or one node; nodes without weight are left out. */
async function* windows(
  graph: GroupGraph,
  last: number,
  size: number,
  weigh: (weight: NodeSize) => number,
): AsyncGenerator<Window> {
  for (let from = 0; from <= last; from += WEIGHED) {
    collectGarbage();
    let open: Window | undefined;
    for (const node of await readNodeSizes(graph, from, from + WEIGHED)) {
      const weight = weigh(node);
      if (weight === 0) continue;
      if (open && open.weight + weight > size) {
        yield open;
        open = undefined;
      }
      open = { from: open?.from ?? node.id, to: node.id, weight: (open?.weight ?? 0) + weight };
    }
    if (open) yield open;
  }
}

/** Requests each page while the one before is processed. */
async function* ahead(asks: AsyncIterable<Ask>): AsyncGenerator<Element[]> {
  let running: Promise<Element[]> | undefined;
  try {
    for await (const ask of asks) {
      const next = ask();
      // Awaited later; until then its failure must not count as unhandled.
      next.catch(() => {});
      const page = await running;
      running = next;
      if (page) yield page;
      collectGarbage();
    }
    const page = await running;
    running = undefined;
    if (page) yield page;
  } finally {
    await running?.catch(() => {});
  }
}

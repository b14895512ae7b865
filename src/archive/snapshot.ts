import type { GroupGraph } from '../graph/group-graph.ts';
import {
  type Depth,
  type Extent,
  exportEdges,
  exportEdgesOf,
  exportNodes,
  exportWeights,
  type Weight,
} from '../graph/queries/export.ts';
import { type Element, edgeElement, nodeElement } from './element.ts';
import { tidy } from './little-memory.ts';

/** Reads one page, independently of other pages. */
type Ask = () => Promise<Element[]>;

/** So many nodes are weighed at once. */
const WEIGHED = 2_000;
/** Numbers of vectors in a page; what they take while they are read is a hundred times as many bytes. */
const NUMBERS = 16_000;
const [LEAST, MOST] = [8, 250];
/** Elements in a page without vectors. */
const FLAT = 125;
/** Text that takes the place of a node in a page. */
const CHARACTERS = 4_000;

/**
 * All elements of a graph, page by page, first all nodes and then all edges; the next page is read while one is worked on.
 * Commits must not happen meanwhile. Episodes may be recorded and finished, which needs no lease: our notes of them come first,
 * so that no episode is noted as finished whose text was not there when the reading of the texts began.
 */
export async function* snapshot(graph: GroupGraph, view: View): AsyncGenerator<Element[]> {
  yield* ahead(nodePages(graph, view, true));
  yield* ahead(nodePages(graph, view, false));
  yield* ahead(edgePages(graph, view));
}

/** What to read of a graph. */
export interface View extends Pick<Extent, 'last'> {
  /** Dimension of the vectors; limits the size of a page. */
  readonly dimension: number;
  /** Default: whole. Without vectors it takes a fraction of the time. */
  readonly depth?: Depth;
}

function pageSize({ dimension, depth }: View): number {
  if (depth === 'without vectors') return FLAT;
  return Math.max(LEAST, Math.min(MOST, Math.floor(NUMBERS / Math.max(dimension, 1))));
}

async function* nodePages(graph: GroupGraph, view: View, isMeta: boolean): AsyncGenerator<Ask> {
  const { last, depth = 'whole' } = view;
  const weight = (it: Weight) => (it.isMeta === isMeta ? 1 + it.text / CHARACTERS : 0);
  for await (const { from, to } of windows(graph, last, pageSize(view), weight))
    yield async () => (await exportNodes(graph, from, to, isMeta, depth)).map(nodeElement);
}

async function* edgePages(graph: GroupGraph, view: View): AsyncGenerator<Ask> {
  const { last, depth = 'whole' } = view;
  const size = pageSize(view);
  for await (const { from, to, weight } of windows(graph, last, size, (it) => it.edges)) {
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

/** Ranges of nodes that weigh no more than `size` together, or are one node; what weighs nothing is left out. */
async function* windows(
  graph: GroupGraph,
  last: number,
  size: number,
  weigh: (weight: Weight) => number,
): AsyncGenerator<Window> {
  for (let from = 0; from <= last; from += WEIGHED) {
    tidy();
    let open: Window | undefined;
    for (const it of await exportWeights(graph, from, from + WEIGHED)) {
      const weight = weigh(it);
      if (weight === 0) continue;
      if (open && open.weight + weight > size) {
        yield open;
        open = undefined;
      }
      open = { from: open?.from ?? it.id, to: it.id, weight: (open?.weight ?? 0) + weight };
    }
    if (open) yield open;
  }
}

/** Asks for each page while the one before is worked on. */
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
      tidy();
    }
    const page = await running;
    running = undefined;
    if (page) yield page;
  } finally {
    await running?.catch(() => {});
  }
}

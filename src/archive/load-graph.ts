import { ArchiveDamagedError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import {
  dropUuidIndex,
  indexUuids,
  type RestoredRow,
  type RestoredTypes,
  restoreEdges,
  restoreNodes,
} from '../graph/queries/restore.ts';
import { type Param, queryText } from '../graph/query-text.ts';
import { UUID_INDEXED_LABELS } from '../graph/schema.ts';
import { danglingEdgeError, duplicateUuidError } from './check-restorable.ts';
import {
  type EdgeElement,
  type Element,
  isIntegralFloat,
  isNode,
  isVector,
  type NodeElement,
} from './graph-element.ts';

/**
 * Numbers of vectors in one query, of which FalkorDB reads about ten million a second, and elements. The elements are a power of two, since
 * FalkorDB indexes elements that are created together in blocks of 256, in order within a block but not between blocks.
 */
const NUMBERS = 131_072;
const [LEAST, MOST] = [16, 256];
/** One query is written while FalkorDB executes the other. */
const AT_ONCE = 2;
const CHARACTERS = 1_000_000;

interface Waiting {
  readonly write: (rows: readonly RestoredRow[]) => Promise<void>;
  rows: RestoredRow[];
  characters: number;
}

/** Fills an empty graph, first with nodes and then with edges. */
export interface GraphLoader {
  /** @param elements that `checkRestorable` has let pass @throws ArchiveDamagedError for edges without an end, and for two nodes of one uuid */
  add(elements: readonly Element[]): Promise<void>;
  /** Writes the remaining rows. */
  end(): Promise<void>;
  /** Waits for all running writes, successful or not: until then they may create the graph again. */
  settled(): Promise<void>;
}

/**
 * The indexes must exist: filling them while loading takes less time than building them afterwards. Edges enter their index in the order of
 * the archive, which is the order in which FalkorDB rebuilds an index, so that an approximate index returns the same.
 * @param from the archive's group; its elements become elements of the graph's own group
 * @param dimension of the vectors
 */
export function openGraphLoader(into: GroupGraph, from: string, dimension: number): GraphLoader {
  const graph = withOrderedWrites(into);
  const size = Math.max(LEAST, Math.min(MOST, 2 ** Math.floor(Math.log2(NUMBERS / Math.max(dimension, 1)))));
  const waiting = new Map<string, Waiting>();
  /** For each uuid a label by which its node is found as an end of edges; '' for a node without labels. */
  const labels = new Map<string, string>();
  /** Labels without a uuid index get one while edges are loaded. */
  const unusual = () =>
    new Set([...labels.values()].filter((buffer) => buffer !== '' && !UUID_INDEXED_LABELS.includes(buffer)));
  const writes = openFew(AT_ONCE);
  let inEdges = false;

  async function put(kind: string, write: Waiting['write'], row: RestoredRow): Promise<void> {
    const found = waiting.get(kind) ?? { write, rows: [], characters: 0 };
    waiting.set(kind, found);
    found.rows.push(row);
    found.characters += lengthOf(row);
    if (found.rows.length >= size || found.characters > CHARACTERS) await flush(found);
  }

  async function flush(buffer: Waiting): Promise<void> {
    const { rows } = buffer;
    buffer.rows = [];
    buffer.characters = 0;
    if (rows.length > 0) await writes.start(() => buffer.write(rows));
  }

  async function flushAll(): Promise<void> {
    for (const buffer of waiting.values()) await flush(buffer);
    waiting.clear();
    await writes.end();
  }

  async function node(element: NodeElement): Promise<void> {
    const { uuid } = element.properties;
    if (typeof uuid === 'string') {
      if (labels.has(uuid)) throw duplicateUuidError(uuid);
      labels.set(
        uuid,
        element.labels.find((buffer) => UUID_INDEXED_LABELS.includes(buffer)) ?? element.labels[0] ?? '',
      );
    }
    const { row, types } = rowOf(element, from, graph.group);
    const kind = JSON.stringify([element.labels, types]);
    await put(kind, (rows) => restoreNodes(graph, element.labels, types, rows), row);
  }

  async function edge(element: EdgeElement): Promise<void> {
    const [source, target] = [labels.get(element.source), labels.get(element.target)];
    if (source === undefined || target === undefined) throw danglingEdgeError();
    const { row, types } = rowOf(element, from, graph.group);
    const ends = { type: element.type, source, target };
    const write = async (rows: readonly RestoredRow[]) => {
      const made = await restoreEdges(graph, ends, types, rows as readonly (RestoredRow & EdgeElement)[]);
      if (made !== rows.length) throw new ArchiveDamagedError('FalkorDB did not create every edge of the archive.');
    };
    await put(
      JSON.stringify([ends, types]),
      write,
      Object.assign(row, { source: element.source, target: element.target }),
    );
  }

  return {
    async add(elements) {
      for (const element of elements) {
        if (isNode(element)) await node(element);
        else {
          if (!inEdges) {
            inEdges = true;
            await flushAll();
            for (const label of unusual()) await indexUuids(graph, label);
          }
          await edge(element);
        }
      }
    },
    async end() {
      await flushAll();
      if (inEdges) for (const label of unusual()) await dropUuidIndex(graph, label);
    },
    settled: writes.settled,
  };
}

function rowOf({ properties, types }: Element, from: string, to: string): { row: RestoredRow; types: RestoredTypes } {
  const plain: Record<string, Param> = {};
  const vectors: Record<string, readonly number[]> = {};
  const floats: Record<string, number> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (isVector(name, value, types)) vectors[name] = value;
    else if (isIntegralFloat(name, types)) floats[name] = Number(value);
    else plain[name] = name === 'group_id' && value === from ? to : (value as Param);
  }
  return {
    row: { properties: plain, vectors, floats },
    types: { vectors: Object.keys(vectors).sort(), floats: Object.keys(floats).sort() },
  };
}

function lengthOf({ properties }: RestoredRow): number {
  let length = 0;
  for (const value of Object.values(properties)) if (typeof value === 'string') length += value.length;
  return length;
}

/** Runs at most `most` pieces of work in parallel; the first failure is thrown at the next start, or at the end. */
function openFew(most: number) {
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  const check = () => {
    if (failure) throw failure.error;
  };
  return {
    async start(work: () => Promise<void>): Promise<void> {
      while (running.size >= most) await Promise.race(running);
      check();
      const one: Promise<void> = work()
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => running.delete(one));
      running.add(one);
    },
    async end(): Promise<void> {
      await Promise.all(running);
      check();
    },
    async settled(): Promise<void> {
      await Promise.all(running);
    },
  };
}

/** The same graph with its writes in call order, one at a time; query texts are built meanwhile. */
function withOrderedWrites(graph: GroupGraph): GroupGraph {
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

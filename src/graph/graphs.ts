import type { Address } from '../config.ts';
import { checkGroup, graphName, groupOf } from '../group.ts';
import type { Embedder } from '../models/embedder.ts';
import { SECOND } from '../time.ts';
import { replicaError } from '../valkey/failures.ts';
import { openChange } from './change.ts';
import { queryText } from './codec.ts';
import { type Connection, CutShort, graphNames } from './connection.ts';
import type { ChangeLog, GroupGraph } from './group-graph.ts';
import { openPool } from './pool.ts';
import { isMemory } from './queries/meta.ts';
import { checkEmbedder, prepareSchema } from './schema.ts';
import { dropKept, isNoGraph, keptName, openScratch, type Scratch, scratchName, sweepScratches } from './scratch.ts';

/** All graphs of one FalkorDB. */
export interface Graphs {
  /** @throws InvalidInputError when `group` is not a valid name */
  group(group: string): GroupGraph;
  /** All groups that have a graph, in the order of their names; what other programs keep beside them is passed over. */
  groups(): Promise<string[]>;
  /** @throws StoreUnreachableError, also where a replica answers; AccessRefusedError, WrongServerError */
  ping(): Promise<void>;
  /** Removes what FalkorDB keeps of the texts of a group's last queries. */
  forgetQueries(group: string): Promise<void>;
  /** A new graph beside that of a group, which may take its place. @throws InvalidInputError when `group` is not a valid name */
  scratch(group: string): Scratch;
  /** Drops scratch graphs older than `age` milliseconds, which are no longer in use. @returns how many */
  sweepScratches(age: number): Promise<number>;
  /** A graph beside that of a group that holds what a task has paid for, under a key of letters and digits; swept after 30 days. */
  kept(group: string, key: string): Promise<GroupGraph>;
  /** Drops what is kept for a group under whatever key. */
  dropKept(group: string): Promise<void>;
  close(): void;
}

const READ_LIMIT = 10 * SECOND;
/** Also the time after which a connection is noticed that lost its other end without a word. */
const WRITE_LIMIT = 25 * SECOND;
/** A graph may be put in the place of another whose vectors are of another embedder. */
const CHECKED_FOR = 5 * SECOND;

export interface GraphsOptions {
  /** How many queries run at once. */
  readonly readers?: number;
  readonly writers?: number;
  /** Default: no journal, so that a lost graph cannot be rebuilt. */
  readonly journal?: ChangeLog;
}

/**
 * Reads and writes go over connections of their own, so that a long write never holds up a question.
 * Nothing is connected before the first query.
 */
export function openGraphs(address: Address, { readers = 4, writers = 2, journal }: GraphsOptions = {}): Graphs {
  const reads = openPool(address, readers);
  const writes = openPool(address, writers);
  const open = new Map<string, GroupGraph>();

  function bind(group: string, name: string, log?: ChangeLog): GroupGraph {
    const write = <Row>(text: string): Promise<Row[]> =>
      rows(writes.use((it) => it.run('GRAPH.QUERY', name, text, WRITE_LIMIT), WRITE_LIMIT));
    const ask = <Row>(text: string): Promise<Row[]> =>
      rows(reads.use((it) => it.run('GRAPH.RO_QUERY', name, text, READ_LIMIT), READ_LIMIT));
    const prepared = once((embedder) => prepareSchema(graph, embedder));
    const graph: GroupGraph = {
      group,
      async read(query, params) {
        try {
          return await ask(queryText(query, params));
        } catch (error) {
          if (!(error instanceof CutShort)) throw error;
          const [all] = await ask<{ rows: readonly unknown[][] }>(queryText(inOneRow(query, error.columns), params));
          return uncut(error.columns, all?.rows ?? []);
        }
      },
      write: async (query, params) => write(queryText(query, params)),
      change: (query, params) => change(query, params),
      position: async () => (log ? log.position(group) : '0-0'),
      checkLoss: async () => log?.checkLoss(group, graph),
      async prepare(embedder) {
        await prepared(embedder);
      },
      async prepareAgain(embedder) {
        await prepareSchema(graph, embedder);
      },
      check: once((embedder) => checkEmbedder(graph, embedder), CHECKED_FOR),
      checkNow: (embedder) => checkEmbedder(graph, embedder),
    };
    const change = openChange(graph, write, log);
    return graph;
  }

  return {
    group(group) {
      const known = open.get(group) ?? bind(group, graphName(checkGroup(group)), journal);
      open.set(group, known);
      return known;
    },
    async ping() {
      const isPrimary = await reads.use((connection) => connection.check(), READ_LIMIT);
      if (!isPrimary) throw replicaError('FalkorDB', address);
    },
    forgetQueries: (group) => writes.use((it) => forgetQueries(it, graphName(checkGroup(group))), WRITE_LIMIT),
    async groups() {
      const names = await reads.use(graphNames, WRITE_LIMIT);
      const groups = names.map(groupOf).filter((group) => group !== undefined);
      const memories: string[] = [];
      for (let from = 0; from < groups.length; from += readers) {
        const some = groups.slice(from, from + readers);
        const areMemories = await Promise.all(some.map((group) => isMemory(bind(group, graphName(group)))));
        memories.push(...some.filter((_, index) => areMemories[index]));
      }
      return memories.sort();
    },
    scratch(group) {
      const name = scratchName(checkGroup(group));
      return openScratch(writes, bind(group, name), name);
    },
    sweepScratches: (age) => sweepScratches(writes, age),
    kept: async (group, key) => bind(group, await keptName(writes, checkGroup(group), key)),
    dropKept: (group) => dropKept(writes, checkGroup(group)),
    close() {
      reads.close();
      writes.close();
    },
  };
}

async function forgetQueries(connection: Connection, name: string): Promise<void> {
  await connection.call('UNLINK', `telemetry{${name}}`);
  // Refused for a graph that is not there.
  await connection.call('GRAPH.SLOWLOG', name, 'RESET').catch(() => {});
}

/** Cypher that gives what a query gives as one row, so that none can be left out. Columns are named by ourselves. */
function inOneRow(query: string, columns: readonly string[]): string {
  return `CALL { ${query} } RETURN collect([${columns.join(', ')}]) AS rows`;
}

function uncut<Row>(columns: readonly string[], rows: readonly (readonly unknown[])[]): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, place) => [column, row[place]])) as Row);
}

async function rows<Row>(answer: Promise<unknown[]>): Promise<Row[]> {
  try {
    return (await answer) as Row[];
  } catch (error) {
    // A graph comes into being with its first write; until then it reads as empty.
    if (isNoGraph(error)) return [];
    throw error;
  }
}

/** Does `work` until it once gave true, for each embedder's model, and again after `lasts`; callers at the same time share one run. */
function once(
  work: (embedder: Embedder) => Promise<boolean>,
  lasts = Number.POSITIVE_INFINITY,
): (embedder: Embedder) => Promise<boolean> {
  const done = new Map<string, Promise<boolean>>();
  const until = new Map<string, number>();
  return async (embedder) => {
    const key = `${embedder.model}/${embedder.dimension}`;
    if (performance.now() > (until.get(key) ?? 0)) {
      done.delete(key);
      until.set(key, performance.now() + lasts);
    }
    const running = done.get(key) ?? work(embedder);
    done.set(key, running);
    try {
      const isDone = await running;
      if (!isDone) done.delete(key);
      return isDone;
    } catch (error) {
      done.delete(key);
      throw error;
    }
  };
}

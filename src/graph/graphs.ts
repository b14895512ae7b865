import type { Address } from '../config.ts';
import { checkGroup, graphName, groupOf } from '../group.ts';
import type { Embedder } from '../models/embedder.ts';
import { SECOND } from '../time.ts';
import { replicaError } from '../valkey/failures.ts';
import { ignoreReplyError } from '../valkey/server-info.ts';
import { type GraphConnection, graphNames } from './connection.ts';
import { openGraphCopies } from './copies.ts';
import type { GraphJournal, GroupGraph } from './group-graph.ts';
import { openJournaledChange } from './journaled-change.ts';
import { openConnectionPool } from './pool.ts';
import { isMemoryGraph } from './queries/meta-nodes.ts';
import { queryText } from './query-text.ts';
import { readRows, rowsOf } from './read-rows.ts';
import { checkEmbedder, prepareSchema } from './schema.ts';
import {
  checkpointName,
  deleteGraph,
  dropCheckpoints,
  dropScratchGraphs,
  openScratch,
  type Scratch,
  scratchName,
  sweepScratchGraphs,
} from './scratch.ts';

/** All graphs of one FalkorDB. */
export interface Graphs {
  /** @throws InvalidInputError when `group` is not a valid name */
  group(group: string): GroupGraph;
  /** All groups that have a graph, sorted by name. Graphs of other programs are left out. */
  groups(): Promise<string[]>;
  /** @throws StoreUnreachableError, also where a replica answers; AccessRefusedError, WrongServerError */
  ping(): Promise<void>;
  /** Clears FalkorDB's slow log of the group's graph, which contains texts of queries. */
  forgetQueries(group: string): Promise<void>;
  /**
   * Waits until as many replicas as FALKORDB_COPIES asks for have all that was written to the group's graph. Without that setting it does nothing.
   * @param episodes uuids of episodes that must be committed or removed
   * @param limitMs how long replicas may take; default: 2 s
   * @throws StoreUnreachableError when too few confirm in time; StaleFenceError when the primary lacks changes, as after a failover
   */
  confirm(group: string, episodes?: readonly string[], limitMs?: number): Promise<void>;
  /**
   * Changes when the server is restarted, and when a replica takes over; undefined where a replica answers, or the server does not tell.
   * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
   */
  identity(): Promise<string | undefined>;
  /** How many replicas the primary has; null where the server does not tell. */
  countReplicas(): Promise<number | null>;
  /** A new scratch graph, which may replace the group's graph. @throws InvalidInputError when `group` is not a valid name */
  scratch(group: string): Scratch;
  /** Drops scratch graphs older than `age` milliseconds, which are no longer in use. @returns how many */
  sweepScratchGraphs(age: number): Promise<number>;
  /** A graph next to the group's that stores the paid results of a task, under a key of letters and digits. It is dropped after 30 days. */
  checkpoint(group: string, key: string): Promise<GroupGraph>;
  /** Drops all checkpoints of a group. */
  dropCheckpoints(group: string): Promise<void>;
  /** Drops all scratch graphs and checkpoints of a group, also those in use. @returns how many */
  dropScratchGraphs(group: string): Promise<number>;
  /**
   * Deletes the group's graph with its indexes. Returns false, with the graph unchanged, if another process writes to the graph after
   * the call of `mayHappen`, or if `mayHappen` returns false.
   */
  deleteGraph(group: string, mayHappen: () => Promise<boolean>): Promise<boolean>;
  close(): void;
}

const READ_LIMIT = 10 * SECOND;
/** Also the time after which a dead connection is detected. */
const WRITE_LIMIT = 25 * SECOND;
/** The graph may be replaced by one with another embedder's vectors. */
const CHECKED_FOR = 5 * SECOND;

export interface GraphsOptions {
  /** How many queries run in parallel. */
  readonly readers?: number;
  readonly writers?: number;
  /** Default: no journal, so that a lost graph cannot be rebuilt. */
  readonly journal?: GraphJournal;
  /** Replicas that must have a job's writes before the job is done, for `confirm`. Default: 0. */
  readonly copies?: number;
}

/** Reads and writes use separate connections, so that a long write never delays a read. Nothing is connected before the first query. */
export function openGraphs(
  address: Address,
  { readers = 4, writers = 2, journal, copies: wanted = 0 }: GraphsOptions = {},
): Graphs {
  const reads = openConnectionPool(address, readers);
  const writes = openConnectionPool(address, writers);
  const copies = wanted > 0 ? openGraphCopies(address, wanted, journal) : undefined;
  const open = new Map<string, GroupGraph>();

  function bind(group: string, name: string, journal?: GraphJournal): GroupGraph {
    const write = <Row>(text: string): Promise<Row[]> =>
      rowsOf(writes.use((connection) => connection.run('GRAPH.QUERY', name, text, WRITE_LIMIT), WRITE_LIMIT));
    const ask = (text: string): Promise<unknown[]> =>
      reads.use((connection) => connection.run('GRAPH.RO_QUERY', name, text, READ_LIMIT), READ_LIMIT);
    const prepared = once((embedder) => prepareSchema(graph, embedder));
    const graph: GroupGraph = {
      group,
      read: (query, params) => readRows(ask, query, params),
      write: async (query, params) => write(queryText(query, params)),
      change: (query, params) => change(query, params),
      position: async () => (journal ? journal.position(group) : '0-0'),
      checkLoss: async () => journal?.checkLoss(group, graph),
      async prepare(embedder) {
        await prepared(embedder);
      },
      async prepareAgain(embedder) {
        await prepareSchema(graph, embedder);
      },
      check: once((embedder) => checkEmbedder(graph, embedder), CHECKED_FOR),
      checkNow: (embedder) => checkEmbedder(graph, embedder),
    };
    const change = openJournaledChange(graph, write, journal);
    return graph;
  }

  return {
    group(group) {
      const groupGraph = open.get(group) ?? bind(group, graphName(checkGroup(group)), journal);
      open.set(group, groupGraph);
      return groupGraph;
    },
    async ping() {
      const isPrimary = await reads.use((connection) => connection.check(), READ_LIMIT);
      if (!isPrimary) throw replicaError('FalkorDB', address);
    },
    forgetQueries: (group) =>
      writes.use((connection) => forgetQueries(connection, graphName(checkGroup(group))), WRITE_LIMIT),
    confirm: async (group, episodes = [], limitMs) => copies?.confirm(checkGroup(group), episodes, limitMs),
    identity: () => reads.use(readIdentity, READ_LIMIT),
    async countReplicas() {
      const role = await reads.use((connection) => connection.call('ROLE').catch(ignoreReplyError), READ_LIMIT);
      const [, , replicas] = (role ?? []) as unknown[];
      return Array.isArray(replicas) ? replicas.length : null;
    },
    async groups() {
      const names = await reads.use(graphNames, WRITE_LIMIT);
      const groups = names.map(groupOf).filter((group) => group !== undefined);
      const memories: string[] = [];
      for (let from = 0; from < groups.length; from += readers) {
        const some = groups.slice(from, from + readers);
        const areMemories = await Promise.all(some.map((group) => isMemoryGraph(bind(group, graphName(group)))));
        memories.push(...some.filter((_, index) => areMemories[index]));
      }
      return memories.sort();
    },
    scratch(group) {
      const name = scratchName(checkGroup(group));
      return openScratch(writes, bind(group, name), name);
    },
    sweepScratchGraphs: (age) => sweepScratchGraphs(writes, age),
    checkpoint: async (group, key) => bind(group, await checkpointName(writes, checkGroup(group), key)),
    dropCheckpoints: (group) => dropCheckpoints(writes, checkGroup(group)),
    dropScratchGraphs: (group) => dropScratchGraphs(writes, checkGroup(group)),
    deleteGraph: (group, mayHappen) => deleteGraph(writes, graphName(checkGroup(group)), mayHappen),
    close() {
      reads.close();
      writes.close();
      copies?.close();
    },
  };
}

async function readIdentity(connection: GraphConnection): Promise<string | undefined> {
  const sections = ['server', 'replication'].map((section) => connection.call('INFO', section).catch(ignoreReplyError));
  const text = (await Promise.all(sections)).join('\n');
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1];
  const [run, replication] = [field('run_id'), field('master_replid')];
  return run && replication && field('role') === 'master' ? `${run} ${replication}` : undefined;
}

async function forgetQueries(connection: GraphConnection, name: string): Promise<void> {
  await connection.call('UNLINK', `telemetry{${name}}`);
  // FalkorDB refuses this for a graph that does not exist.
  await connection.call('GRAPH.SLOWLOG', name, 'RESET').catch(() => {});
}

/** Caches a result of true per embedder model for `lasts` milliseconds. Concurrent callers share one run. */
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

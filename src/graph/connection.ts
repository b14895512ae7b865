import type { Address } from '../config.ts';
import { SECOND } from '../time.ts';
import { singleConnection, waitUntilReady } from '../valkey/connections.ts';
import { ignoreReplyError, type QueryLimits, readQueryLimits } from '../valkey/server-info.ts';
import { withTimeout } from '../with-timeout.ts';

/** One connection to FalkorDB. FalkorDB answers the queries of a connection one after another. */
export interface GraphConnection {
  /**
   * Runs a query and returns its rows as objects with the columns as members.
   * @param limit milliseconds that the server may take, also if its own settings allow less
   * @throws RowLimitError when a reading query may have more rows than the server returns
   */
  run(command: 'GRAPH.QUERY' | 'GRAPH.RO_QUERY', graph: string, query: string, limit: number): Promise<unknown[]>;
  /** Sends any other command and returns the raw answer. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** False once the socket is closed; such a connection is discarded, not reopened. */
  isOpen(): boolean;
  /** True if the server answers and is not a replica. @throws the client's own errors, or after 2 s */
  check(): Promise<boolean>;
  close(): void;
}

/** The result reached the server's limit of rows. A query that collects all rows into one is not limited. */
export class RowLimitError extends Error {
  override name = 'RowLimitError';
  readonly columns: readonly string[];

  constructor(columns: readonly string[]) {
    super('The server gave as many rows as its RESULTSET_SIZE allows.');
    this.columns = columns;
  }
}

/** The least number of rows that a probe asks for if RESULTSET_SIZE cannot be read. */
const FEWEST_PROBED = 1000;
const CONNECTS_WITHIN = 3 * SECOND;
const ANSWERS_WITHIN = 2 * SECOND;

/**
 * Connects or fails within 3 s; the errors are the client's own. The connection is ioredis, as for Valkey. Only the reply parser of
 * FalkorDB's client is used, since that client hangs on silent servers and ends the process on wrong ones (6.6).
 */
export async function openGraphConnection(address: Address): Promise<GraphConnection> {
  // FalkorDB's client takes long to load, and many callers never need it.
  const { Graph } = await import('falkordb');
  const wire = singleConnection(address, CONNECTS_WITHIN);
  try {
    await waitUntilReady(wire, CONNECTS_WITHIN);
  } catch (error) {
    wire.disconnect();
    throw error;
  }
  // Read in parallel with the first query, so that it costs no time.
  let limits: QueryLimits | undefined;
  /** The number of rows that the server returned to a probe; needed only if its RESULTSET_SIZE cannot be read. */
  let probedRows = 0;
  let learning = learn();
  function learn(): Promise<QueryLimits> {
    probedRows = 0;
    const reading = readQueryLimits(wire).then((read) => {
      limits = read;
      return read;
    });
    reading.catch(() => {});
    return reading;
  }
  const send = async (command: string, graph: string, query: unknown, timeout: readonly string[]) => {
    const reply = (await wire.call(command, graph, String(query), '--compact', ...timeout)) as unknown[];
    return reply.length === 1 ? { metadata: reply[0] } : { headers: reply[0], data: reply[1], metadata: reply[2] };
  };
  /** True if an answer of `count` rows may be incomplete. */
  async function mayBeCut(graph: string, count: number, timeout: readonly string[]): Promise<boolean> {
    const { rows } = await learning;
    if (rows !== undefined) return count === rows;
    if (count < probedRows) return false;
    const probe = `UNWIND range(1, ${Math.max(count + 1, FEWEST_PROBED)}) AS x RETURN x`;
    const reply = await send('GRAPH.RO_QUERY', graph, probe, timeout).catch(ignoreReplyError);
    const { length } = (reply?.data ?? []) as unknown[];
    probedRows = length;
    return count >= length;
  }
  async function once(command: 'GRAPH.QUERY' | 'GRAPH.RO_QUERY', name: string, query: string, limit: number) {
    let columns: string[] = [];
    const timeout = timeoutOf(limits, limit);
    const reading = async (graph: string, text: unknown) => {
      const reply = await send(command, graph, text, timeout);
      columns = ((reply.headers ?? []) as [number, string][]).map(([, column]) => column);
      return reply;
    };
    const client = { query: reading, roQuery: reading } as unknown as ConstructorParameters<typeof Graph>[0];
    const { data = [] } = await new Graph(client, name).query(query);
    if (command === 'GRAPH.RO_QUERY' && data.length > 1 && (await mayBeCut(name, data.length, timeout)))
      throw new RowLimitError(columns);
    return data;
  }
  let isClosed = false;
  return {
    async run(command, name, query, limit) {
      const limitsBefore = limits;
      try {
        return await once(command, name, query, limit);
      } catch (error) {
        // Only the first query is sent before the server's settings are known. A query that timed out was rolled back.
        const hadDefaultTimeout = limitsBefore === undefined && (error as Error).message.startsWith('Query timed out');
        if (!hadDefaultTimeout || timeoutOf(await learning, limit).length === 0) throw error;
        return once(command, name, query, limit);
      }
    },
    call: (command, ...args) => wire.call(command, ...args),
    // The client stays 'ready' for a moment after `disconnect`.
    isOpen: () => !isClosed && wire.status === 'ready',
    async check() {
      learning = learn();
      const checks = Promise.all([learning, wire.role().catch(ignoreReplyError)]);
      const [, role] = await withTimeout(ANSWERS_WITHIN, checks, throwNoAnswerAfter(ANSWERS_WITHIN));
      return role?.[0] !== 'slave';
    },
    close() {
      isClosed = true;
      wire.disconnect();
    },
  };
}

/** The arguments that ask the server for more time than its default. */
function timeoutOf(limits: QueryLimits | undefined, limit: number): string[] {
  if (!limits?.timeout && !limits?.longestTimeout) return [];
  const allowed = limits.longestTimeout ? Math.min(limit, limits.longestTimeout) : limit;
  return ['TIMEOUT', String(Math.round(allowed))];
}

/** Rejects after this many milliseconds. */
export const throwNoAnswerAfter = (limit: number) => (): never => {
  throw new Error(`no answer within ${limit / SECOND} s`);
};

const SCANNED = 1000;

/**
 * Names of all graphs, from the keyspace. `GRAPH.LIST` reads the module's own list, which loses existing graphs after a graph's key was
 * removed by a command other than `GRAPH.DELETE`.
 */
export async function graphNames(connection: GraphConnection): Promise<string[]> {
  // SCAN may give a key more than once.
  const names = new Set<string>();
  let cursor = '0';
  do {
    const reply = await connection.call('SCAN', cursor, 'TYPE', 'graphdata', 'COUNT', String(SCANNED));
    const [next, found] = reply as [string, string[]];
    for (const name of found) names.add(name);
    cursor = next;
  } while (cursor !== '0');
  return [...names].sort();
}

import type { Address } from '../config.ts';
import { SECOND } from '../time.ts';
import { oneConnection, ready } from '../valkey/connections.ts';
import { type QueryLimits, readQueryLimits, unlessGone } from '../valkey/server.ts';
import { withTimeout } from '../with-timeout.ts';

/** One connection to FalkorDB. FalkorDB answers the queries of a connection one after another. */
export interface Connection {
  /**
   * Runs a whole query text and gives its rows by the names of their columns.
   * @param limit milliseconds that the server may take, where its own settings allow less
   * @throws CutShort when a reading query may have more rows than the server gives
   */
  run(command: 'GRAPH.QUERY' | 'GRAPH.RO_QUERY', graph: string, query: string, limit: number): Promise<unknown[]>;
  /** Sends any other command and gives its answer as it comes. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** False once the socket is closed; such a connection is discarded, not reopened. */
  isOpen(): boolean;
  /** Whether the server answers and is no replica, to which an address may no longer lead. @throws the client's own errors, or after 2 s */
  check(): Promise<boolean>;
  close(): void;
}

/** The result reached the server's limit of rows. A query that collects all rows into one is not limited. */
export class CutShort extends Error {
  override name = 'CutShort';
  readonly columns: readonly string[];

  constructor(columns: readonly string[]) {
    super('The server gave as many rows as its RESULTSET_SIZE allows.');
    this.columns = columns;
  }
}

/** What the official image is set to; where the setting cannot be read it is taken for this. */
const USUAL_ROWS = 10_000;
const CONNECTS_WITHIN = 3 * SECOND;
const ANSWERS_WITHIN = 2 * SECOND;

/**
 * Connects or fails within 3 s; the errors are the client's own. The wire is ioredis, as for Valkey; of FalkorDB's client only
 * the part that reads replies is used, since its connections hang on silent servers and end the process on wrong ones (6.6).
 */
export async function connect(address: Address): Promise<Connection> {
  // FalkorDB's client takes long to load and many callers never need it.
  const { Graph } = await import('falkordb');
  const wire = oneConnection(address, CONNECTS_WITHIN);
  try {
    await ready(wire, CONNECTS_WITHIN);
  } catch (error) {
    wire.disconnect();
    throw error;
  }
  // Read in parallel with the first query, so that it costs no time.
  let limits: QueryLimits | undefined;
  let learning = learn();
  function learn(): Promise<QueryLimits> {
    const asked = readQueryLimits(wire).then((read) => {
      limits = read;
      return read;
    });
    asked.catch(() => {});
    return asked;
  }
  const send = async (command: string, graph: string, query: unknown, timeout: readonly string[]) => {
    const reply = (await wire.call(command, graph, String(query), '--compact', ...timeout)) as unknown[];
    return reply.length === 1 ? { metadata: reply[0] } : { headers: reply[0], data: reply[1], metadata: reply[2] };
  };
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
    if (command === 'GRAPH.RO_QUERY' && data.length > 1 && data.length === ((await learning).rows ?? USUAL_ROWS))
      throw new CutShort(columns);
    return data;
  }
  let isClosed = false;
  return {
    async run(command, name, query, limit) {
      const known = limits;
      try {
        return await once(command, name, query, limit);
      } catch (error) {
        // Only the first query is sent before the server's settings are known; if it timed out, it was undone.
        const isLearnt = known === undefined && (error as Error).message.startsWith('Query timed out');
        if (!isLearnt || timeoutOf(await learning, limit).length === 0) throw error;
        return once(command, name, query, limit);
      }
    },
    call: (command, ...args) => wire.call(command, ...args),
    // The client stays 'ready' for a moment after `disconnect`.
    isOpen: () => !isClosed && wire.status === 'ready',
    async check() {
      learning = learn();
      const asked = Promise.all([learning, wire.role().catch(unlessGone)]);
      const [, role] = await withTimeout(ANSWERS_WITHIN, asked, noAnswer(ANSWERS_WITHIN));
      return role?.[0] !== 'slave';
    },
    close() {
      isClosed = true;
      wire.disconnect();
    },
  };
}

/** The words that ask the server for more time than it gives by itself. */
function timeoutOf(limits: QueryLimits | undefined, limit: number): string[] {
  if (!limits?.timeout && !limits?.longestTimeout) return [];
  const allowed = limits.longestTimeout ? Math.min(limit, limits.longestTimeout) : limit;
  return ['TIMEOUT', String(Math.round(allowed))];
}

/** Rejects after this many milliseconds. */
export const noAnswer = (limit: number) => (): never => {
  throw new Error(`no answer within ${limit / SECOND} s`);
};

const SCANNED = 1000;

/**
 * Names of all graphs, from the keyspace: `GRAPH.LIST` reads a list of the module's own, from which living graphs go missing when a
 * graph's key was removed by another command than `GRAPH.DELETE`.
 */
export async function graphNames(connection: Connection): Promise<string[]> {
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

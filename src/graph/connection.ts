import type { Address } from '../config.ts';
import { SECOND } from '../time.ts';
import { oneConnection, ready } from '../valkey/connections.ts';
import { within } from '../within.ts';

/** One connection to FalkorDB. FalkorDB answers the queries of a connection one after another. */
export interface Connection {
  /** Runs a whole query text and gives its rows by the names of their columns. */
  run(command: 'GRAPH.QUERY' | 'GRAPH.RO_QUERY', graph: string, query: string): Promise<unknown[]>;
  /** Sends any other command and gives its answer as it comes. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** False once the socket is gone; such a connection is thrown away, not mended. */
  isOpen(): boolean;
  /** Asks the server for a sign of life. @throws the client's own errors, or after 2 s */
  ping(): Promise<void>;
  close(): void;
}

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
  const send = async (command: string, graph: string, query: unknown) => {
    const reply = (await wire.call(command, graph, String(query), '--compact')) as unknown[];
    return reply.length === 1 ? { metadata: reply[0] } : { headers: reply[0], data: reply[1], metadata: reply[2] };
  };
  const client = {
    query: (graph: string, query: unknown) => send('GRAPH.QUERY', graph, query),
    roQuery: (graph: string, query: unknown) => send('GRAPH.RO_QUERY', graph, query),
  } as unknown as ConstructorParameters<typeof Graph>[0];
  let isClosed = false;
  return {
    async run(command, name, query) {
      const graph = new Graph(client, name);
      const { data } = await (command === 'GRAPH.QUERY' ? graph.query(query) : graph.roQuery(query));
      return data ?? [];
    },
    call: (command, ...args) => wire.call(command, ...args),
    // The client goes on being 'ready' for a moment after it was told to disconnect.
    isOpen: () => !isClosed && wire.status === 'ready',
    async ping() {
      await within(ANSWERS_WITHIN, wire.ping(), noAnswer(ANSWERS_WITHIN));
    },
    close() {
      isClosed = true;
      wire.disconnect();
    },
  };
}

/** Fails as one who waited so many milliseconds for nothing. */
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

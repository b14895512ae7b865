import { AsyncLocalStorage } from 'node:async_hooks';
import type { FalkorDB, Graph } from 'falkordb';
import type { Address } from '../config.ts';
import { SECOND } from '../time.ts';

/** One connection to FalkorDB. FalkorDB answers the queries of a connection one after another. */
export interface Connection {
  graph(name: string): Graph;
  /** False once the socket is gone; such a connection is thrown away, not mended. */
  isOpen(): boolean;
  /** Asks the server for a sign of life. @throws the client's own errors, or after 2 s */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const CONNECTS_WITHIN = 3 * SECOND;
const ANSWERS_WITHIN = 2 * SECOND;

type Tell = (error: unknown) => void;
const connecting = new AsyncLocalStorage<Tell>();

/** Connects or fails within 3 s; the errors are the client's own. */
export async function connect(address: Address): Promise<Connection> {
  const library = await loadClient();
  const socket = new AbortController();
  const options = {
    socket: {
      host: address.host,
      port: address.port,
      reconnectStrategy: false,
      signal: socket.signal,
      ...(address.tls ? { tls: true as const } : {}),
    },
    disableClientInfo: true,
    ...(address.username ? { username: address.username } : {}),
    ...(address.password ? { password: address.password } : {}),
  };
  const client = await within(CONNECTS_WITHIN, (fail) =>
    connecting.run(fail, () => library.connect(options as Parameters<typeof FalkorDB.connect>[0])),
  ).catch((error) => {
    // A client that did not come about leaves its socket open (falkordb 6.6), and that would keep the process alive.
    socket.abort();
    throw error;
  });
  let open = true;
  const gone = () => {
    open = false;
  };
  client.on('error', gone);
  client.on('end', gone);
  const raw = (await client.connection) as unknown as { isOpen: boolean; ping(): Promise<unknown> };
  return {
    graph: (name) => client.selectGraph(name),
    isOpen: () => open && raw.isOpen,
    async ping() {
      await within(ANSWERS_WITHIN, () => raw.ping());
    },
    async close() {
      open = false;
      socket.abort();
    },
  };
}

/**
 * The client reports errors to an object that nobody can listen to before it is connected (falkordb 6.6); an HTTP server at
 * the address would thus end the process. Here such an error reaches whoever is connecting.
 */
async function loadClient(): Promise<typeof FalkorDB> {
  // It takes long to load and many callers never need it.
  const { FalkorDB } = await import('falkordb');
  const { emit } = Object.getPrototypeOf(FalkorDB.prototype);
  FalkorDB.prototype.emit = function (event: string, ...told: unknown[]) {
    if (event !== 'error' || this.listenerCount('error') > 0) return emit.call(this, event, ...told);
    connecting.getStore()?.(told[0]);
    return false;
  };
  return FalkorDB;
}

/** Does `work`, which may fail by its parameter too, or fails after `limit` milliseconds. */
export async function within<T>(limit: number, work: (fail: Tell) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${limit / SECOND} s`)), limit);
      work(reject).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}

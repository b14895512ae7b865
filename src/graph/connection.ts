import type { Graph } from 'falkordb';
import type { Address } from '../config.ts';
import { SECOND } from '../time.ts';

/** One connection to FalkorDB. FalkorDB answers the queries of a connection one after another. */
export interface Connection {
  graph(name: string): Graph;
  /** False once the socket is gone; such a connection is thrown away, not mended. */
  isOpen(): boolean;
  close(): Promise<void>;
}

/** Connects or fails within a few seconds; the errors are the client's own. */
export async function connect(address: Address): Promise<Connection> {
  // The client takes long to load and many callers never need it.
  const { FalkorDB } = await import('falkordb');
  let open = true;
  const options = {
    socket: {
      host: address.host,
      port: address.port,
      connectTimeout: 2 * SECOND,
      reconnectStrategy: false,
      ...(address.tls ? { tls: true as const } : {}),
    },
    disableClientInfo: true,
    ...(address.username ? { username: address.username } : {}),
    ...(address.password ? { password: address.password } : {}),
  };
  const client = await FalkorDB.connect(options as Parameters<typeof FalkorDB.connect>[0]);
  client.on('error', () => {
    open = false;
  });
  client.on('end', () => {
    open = false;
  });
  const raw = await client.connection;
  return {
    graph: (name) => client.selectGraph(name),
    isOpen: () => open && (raw as { isOpen?: boolean }).isOpen !== false,
    close: async () => {
      open = false;
      (raw as { destroy?: () => void }).destroy?.();
    },
  };
}

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { commandsIn, isPush, replyEnd } from '../faults/resp.ts';

/** The traffic from clients to a server. */
export interface Traffic {
  /** The names of the commands. */
  readonly commands: readonly string[];
  /** How often a client waited for replies before it continued. Commands sent without waiting are one round trip. */
  readonly roundTrips: number;
  /** New connections. */
  readonly connections: number;
}

export interface CountedServer {
  readonly host: string;
  readonly port: number;
  /** The traffic since the last call. */
  take(): Traffic;
  close(): Promise<void>;
}

/** Connections send this command by themselves from time to time. */
const UNCOUNTED = 'role';

/**
 * A proxy that counts traffic. Replies are held until all sent commands are answered, and then delivered together, so that the number
 * of round trips does not depend on the speed of the server. Not for clients that block or subscribe.
 */
export async function countTraffic(target: { readonly host: string; readonly port: number }): Promise<CountedServer> {
  const sockets = new Set<Socket>();
  const held: { readonly client: Socket; readonly reply: Buffer }[] = [];
  let traffic = { commands: [] as string[], roundTrips: 0, connections: 0 };
  let unanswered = 0;
  let isCounted = false;

  function ask(name: string): void {
    unanswered += 1;
    if (name === UNCOUNTED) return;
    traffic.commands.push(name);
    if (!isCounted) traffic.roundTrips += 1;
    isCounted = true;
  }

  function deliver(): void {
    isCounted = false;
    const replies = Map.groupBy(held.splice(0), ({ client }) => client);
    for (const [client, parts] of replies) client.write(Buffer.concat(parts.map(({ reply }) => reply)));
  }

  const listener = createServer({ noDelay: true }, (client) => {
    const server = connect(target.port, target.host);
    let [asked, answered] = [Buffer.alloc(0), Buffer.alloc(0)] as [Buffer, Buffer];
    traffic.connections += 1;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
    client.on('data', (bytes) => {
      const { commands, rest } = commandsIn(Buffer.concat([asked, bytes]));
      asked = rest;
      for (const { args } of commands) ask((args[0] ?? '').toLowerCase());
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      answered = Buffer.concat([answered, bytes]);
      for (let end = replyEnd(answered, 0); end !== undefined; end = replyEnd(answered, 0)) {
        if (!isPush(answered, 0)) unanswered -= 1;
        held.push({ client, reply: answered.subarray(0, end) });
        answered = answered.subarray(end);
      }
      if (unanswered === 0) deliver();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    take() {
      const taken = traffic;
      traffic = { commands: [], roundTrips: 0, connections: 0 };
      return taken;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

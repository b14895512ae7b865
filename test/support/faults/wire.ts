import type { Socket } from 'node:net';
import type { Interception, Message, MessageDecision } from './proxy.ts';
import { commandsIn, isPush, replyEnd } from './resp.ts';

/** One connection through a proxy. */
export interface Wire {
  /** The names of all forwarded commands, in lower case; empty for the protocol `bytes`. */
  readonly commands: ReadonlySet<string>;
  blackHole(): void;
  cut(): void;
}

interface WireHooks {
  readonly findInterception: (message: Message) => Interception | undefined;
  /** Awaited before each message. */
  readonly slowDown: () => Promise<unknown> | false;
}

/** Forwards messages in both directions, one after the other, unless an interception or a black hole stops them. */
export function openWire(
  client: Socket,
  server: Socket,
  protocol: 'resp' | 'bytes',
  { findInterception, slowDown }: WireHooks,
): Wire {
  const commands = new Set<string>();
  let isDead = false;
  /** Interceptions that wait for a reply; `left` counts the replies that come before it. */
  const expected: { left: number; after: MessageDecision }[] = [];
  let unanswered = 0;
  let [received, answered] = [Buffer.alloc(0), Buffer.alloc(0)] as [Buffer, Buffer];

  async function toServer(message: Message, raw: Buffer): Promise<void> {
    await slowDown();
    const interception = findInterception(message);
    if (interception?.before && (await interception.before()) === 'drop') return blackHole();
    if (isDead) return;
    if (protocol === 'resp') commands.add((message[0] ?? '').toLowerCase());
    if (interception?.after) expected.push({ left: unanswered, after: interception.after });
    unanswered += 1;
    server.write(raw);
  }

  async function toClient(raw: Buffer, isReply: boolean): Promise<void> {
    if (isReply) {
      unanswered -= 1;
      const next = expected.find(({ left }) => left === 0);
      for (const other of expected) other.left -= 1;
      if (next) {
        expected.splice(expected.indexOf(next), 1);
        if ((await next.after()) === 'drop') return blackHole();
      }
    }
    if (!isDead) client.write(raw);
  }

  async function fromClient(bytes: Buffer): Promise<void> {
    received = Buffer.concat([received, bytes]);
    if (protocol === 'bytes') return toServer([received.toString()], bytes);
    const { commands: parsed, rest } = commandsIn(received);
    received = rest;
    for (const { args, raw } of parsed) await toServer(args, raw);
  }

  async function fromServer(bytes: Buffer): Promise<void> {
    if (protocol === 'bytes') {
      received = Buffer.alloc(0);
      unanswered = 1;
      for (const waiting of expected) waiting.left = 0;
      return toClient(bytes, true);
    }
    answered = Buffer.concat([answered, bytes]);
    for (let end = replyEnd(answered, 0); end !== undefined; end = replyEnd(answered, 0)) {
      const raw = answered.subarray(0, end);
      answered = answered.subarray(end);
      await toClient(raw, !isPush(raw, 0));
    }
  }

  function blackHole(): void {
    isDead = true;
    expected.length = 0;
  }
  function cut(): void {
    client.destroy();
    server.destroy();
  }

  processInOrder(client, fromClient);
  processInOrder(server, fromServer);
  // After a black hole neither side learns that the other side has closed the connection.
  client.on('error', () => {}).on('close', () => server.destroy());
  server.on('error', () => {}).on('close', () => isDead || client.destroy());
  return { commands, blackHole, cut };
}

/** Processes chunks in order, even if one has to wait. */
function processInOrder(socket: Socket, work: (bytes: Buffer) => Promise<void>): void {
  let before = Promise.resolve();
  socket.on('data', (bytes: Buffer) => {
    before = before.then(() => work(bytes)).catch(() => {});
  });
}

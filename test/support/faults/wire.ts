import type { Socket } from 'node:net';
import type { Act, Message, Watch } from './proxy.ts';
import { commandsIn, isPush, replyEnd } from './resp.ts';

/** One connection through a proxy. */
export interface Wire {
  /** The first words of all commands that went through; empty where the proxy does not tell them apart. */
  readonly said: ReadonlySet<string>;
  blackHole(): void;
  cut(): void;
}

interface Surroundings {
  readonly findWatch: (message: Message) => Watch | undefined;
  /** Waited for before each message. */
  readonly slowDown: () => Promise<unknown> | false;
}

/** Hands on what the two say, one message after the other, unless a watch or a black hole stops it. */
export function openWire(
  client: Socket,
  server: Socket,
  speaks: 'resp' | 'bytes',
  { findWatch, slowDown }: Surroundings,
): Wire {
  const said = new Set<string>();
  let isDead = false;
  /** Whoever waits for what comes back; `left` counts the replies that are still to come before it. */
  const expected: { left: number; after: Act }[] = [];
  let unanswered = 0;
  let [asked, answered] = [Buffer.alloc(0), Buffer.alloc(0)] as [Buffer, Buffer];

  async function toServer(message: Message, raw: Buffer): Promise<void> {
    await slowDown();
    const watch = findWatch(message);
    if (watch?.before && (await watch.before()) === 'drop') return blackHole();
    if (isDead) return;
    if (speaks === 'resp') said.add((message[0] ?? '').toLowerCase());
    if (watch?.after) expected.push({ left: unanswered, after: watch.after });
    unanswered += 1;
    server.write(raw);
  }

  async function toClient(raw: Buffer, isReply: boolean): Promise<void> {
    if (isReply) {
      unanswered -= 1;
      const next = expected.find(({ left }) => left === 0);
      for (const it of expected) it.left -= 1;
      if (next) {
        expected.splice(expected.indexOf(next), 1);
        if ((await next.after()) === 'drop') return blackHole();
      }
    }
    if (!isDead) client.write(raw);
  }

  async function fromClient(bytes: Buffer): Promise<void> {
    asked = Buffer.concat([asked, bytes]);
    if (speaks === 'bytes') return toServer([asked.toString()], bytes);
    const { commands, rest } = commandsIn(asked);
    asked = rest;
    for (const { args, raw } of commands) await toServer(args, raw);
  }

  async function fromServer(bytes: Buffer): Promise<void> {
    if (speaks === 'bytes') {
      asked = Buffer.alloc(0);
      unanswered = 1;
      for (const it of expected) it.left = 0;
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

  inTurn(client, fromClient);
  inTurn(server, fromServer);
  // A black hole tells nobody that the other side is gone.
  client.on('error', () => {}).on('close', () => server.destroy());
  server.on('error', () => {}).on('close', () => isDead || client.destroy());
  return { said, blackHole, cut };
}

/** Chunks are worked on one after the other, whatever one waits for. */
function inTurn(socket: Socket, work: (bytes: Buffer) => Promise<void>): void {
  let before = Promise.resolve();
  socket.on('data', (bytes: Buffer) => {
    before = before.then(() => work(bytes)).catch(() => {});
  });
}

import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE, SECOND } from '../time.ts';

export const LOOPBACK = '127.0.0.1';

/** A port that is free at this moment; another process may take it before it is used. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, LOOPBACK, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A server that does not answer within this time never will. */
const ANSWERS_WITHIN = 15 * SECOND;

/** Loading a large append-only file takes time, during which the server answers that it is loading. */
const LOADS_WITHIN = 10 * MINUTE;

/** The outcome of a start: the server is ready, its process ended, or it did not answer in time. */
export type StartOutcome = 'ready' | 'ended' | 'silent';

/**
 * Waits until the process answers on its port and has its data in memory. The answer must contain the process id, because another server
 * may have taken the port.
 */
export async function awaitReady(
  { pid, port, password }: { pid: number; port: number; password?: string },
  hasEnded: () => boolean,
): Promise<StartOutcome> {
  const began = Date.now();
  let limit = ANSWERS_WITHIN;
  while (Date.now() - began < limit) {
    if (hasEnded()) return 'ended';
    const information = await ask(port, password);
    if (information.includes(`process_id:${pid}\r\n`)) {
      if (information.includes('\r\nloading:0\r\n')) return 'ready';
      limit = LOADS_WITHIN;
    }
    await sleep(20);
  }
  return 'silent';
}

/** The server's INFO; empty if it does not answer. Uses a raw socket, because a client library would leave timers behind. */
function ask(port: number, password: string | undefined): Promise<string> {
  const commands = [['INFO'], ['QUIT']];
  if (password !== undefined) commands.unshift(['AUTH', password]);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, LOOPBACK);
    socket.setTimeout(2 * SECOND, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('data', (part) => {
      answer += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.write(commands.map(encode).join(''));
  });
}

function encode(command: string[]): string {
  const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${command.length}\r\n${words.join('')}`;
}

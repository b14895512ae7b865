import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import * as z from 'zod/mini';
import { parseJson } from '../json.ts';
import { SECOND } from '../time.ts';
import { isWorkerListening } from './ask.ts';
import { PROTOCOL, socketFolder, socketPath } from './protocol.ts';

const questionShape = z.object({
  protocol: z.literal(PROTOCOL),
  ask: z.string(),
  environment: z.record(z.string(), z.string()),
  body: z.unknown(),
});

export type Environment = Readonly<Record<string, string>>;

export interface Answer {
  readonly answer: unknown;
  /** Called if the command reports that its user got the answer. */
  readonly onDelivered?: () => void;
}

/** Undefined, and any error, leave the work to the command itself. */
export type AnswerQuestion = (body: unknown, environment: Environment) => Promise<Answer | undefined>;

export interface WorkerSocket {
  close(): void;
}

/** A prompt may have four megabytes. */
const LONGEST_QUESTION = 16 * 1024 * 1024;
/** Further questions are left to the commands that ask. */
const MOST_AT_ONCE = 16;
/** Another worker of the home may have ended, or removed the socket that this one listened on. */
const CHECKED_EVERY = 3 * SECOND;

/**
 * Answers questions on the socket of a home until it is closed. Where the socket cannot be made, as in a home whose path is too long or
 * that is not writable, nothing is answered. Of several workers of one home, one listens.
 */
export function serveWorkerSocket(home: string, answers: Readonly<Record<string, AnswerQuestion>>): WorkerSocket {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let inode: number | undefined;
  let isClosed = false;

  async function listen(): Promise<void> {
    if (isClosed || (inode !== undefined && inodeOf(home) === inode)) return;
    if (await isWorkerListening(home)) return;
    server?.close();
    inode = undefined;
    mkdirSync(socketFolder(home), { recursive: true, mode: 0o700 });
    // Found under its name only when it is private; the name may be left by a worker that was killed.
    const unfinished = `${socketPath(home)}.${process.pid}`;
    rmSync(unfinished, { force: true });
    const opened = createServer((socket) => {
      if (sockets.size >= MOST_AT_ONCE) return socket.destroy();
      sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => {}));
      talk(socket, answers);
    });
    await new Promise<void>((resolve, reject) => {
      opened.on('error', reject).listen(unfinished, resolve);
    });
    chmodSync(unfinished, 0o600);
    renameSync(unfinished, socketPath(home));
    server = opened;
    inode = inodeOf(home);
    if (isClosed) end();
  }

  function end(): void {
    server?.close();
    try {
      // Unless another worker has taken its place.
      if (inode !== undefined && inodeOf(home) === inode) rmSync(socketPath(home), { force: true });
    } catch {
      // Commands find that nobody listens.
    }
  }

  const listenQuietly = () => void listen().catch(() => {});
  listenQuietly();
  const timer = setInterval(listenQuietly, CHECKED_EVERY).unref();
  return {
    close() {
      isClosed = true;
      clearInterval(timer);
      end();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const inodeOf = (home: string): number | undefined => statSync(socketPath(home), { throwIfNoEntry: false })?.ino;

/** The conversation of one connection; see `protocol.ts`. */
function talk(socket: Socket, answers: Readonly<Record<string, AnswerQuestion>>): void {
  let text = '';
  let isAsked = false;
  let onDelivered: (() => void) | undefined;

  async function reply(line: string): Promise<void> {
    const question = questionShape.safeParse(parseJson(line));
    const answer = question.success && Object.hasOwn(answers, question.data.ask) && answers[question.data.ask];
    if (!answer) return void socket.destroy();
    socket.write('{"accepted":true}\n');
    const found = await answer(question.data.body, question.data.environment).catch(() => undefined);
    if (!found) return void socket.destroy();
    onDelivered = found.onDelivered;
    socket.write(`${JSON.stringify({ answer: found.answer })}\n`);
  }

  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    if (text.length > LONGEST_QUESTION) return void socket.destroy();
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      const line = text.slice(0, at);
      text = text.slice(at + 1);
      if (isAsked) onDelivered?.();
      else void reply(line);
      isAsked = true;
    }
  });
}

import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { PROTOCOL, settingsIn, socketPath, type WorkerRequest } from './protocol.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A worker that is frozen or too busy to accept a question is not waited for. */
const ACCEPTS_WITHIN = 250;

export interface WorkerAnswer {
  readonly answer: unknown;
  /** Tells the worker that the user got the answer. Does not wait. */
  delivered(): void;
}

export interface AskedWorker {
  readonly home: string;
  readonly environment: Environment;
  readonly ask: string;
  readonly body: unknown;
  /** `performance.now()` at which the asking process goes on without the answer. */
  readonly deadline: number;
}

/** The answer of this home's worker; undefined if there is none, for any reason. Never throws. */
export function askWorker({ home, environment, ask, body, deadline }: AskedWorker): Promise<WorkerAnswer | undefined> {
  if (!existsSync(socketPath(home))) return Promise.resolve(undefined);
  const question: WorkerRequest = { protocol: PROTOCOL, ask, environment: settingsIn(environment), body };
  return new Promise((resolve) => {
    const socket = connect(socketPath(home));
    const end = (answer?: WorkerAnswer) => {
      clearTimeout(untilAccepted);
      clearTimeout(untilAnswered);
      if (!answer) socket.destroy();
      resolve(answer);
    };
    const untilAccepted = setTimeout(end, ACCEPTS_WITHIN);
    const untilAnswered = setTimeout(end, Math.max(0, deadline - performance.now()));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
        const message = read(text.slice(0, at));
        text = text.slice(at + 1);
        if (message && 'answer' in message) {
          // The answer is all that this process waits for.
          socket.unref();
          return end({ answer: message.answer, delivered: () => void socket.write('{"delivered":true}\n') });
        }
        if (!message?.accepted) return end();
        clearTimeout(untilAccepted);
      }
    });
    for (const name of ['error', 'end', 'close']) socket.on(name, () => end());
    socket.write(`${JSON.stringify(question)}\n`);
  });
}

/** Whether a worker of this home runs, and not only its socket's file is left. */
export function isWorkerListening(home: string): Promise<boolean> {
  if (!existsSync(socketPath(home))) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(socketPath(home));
    const end = (isListening: boolean) => {
      socket.destroy();
      resolve(isListening);
    };
    socket.on('connect', () => end(true)).on('error', () => end(false));
  });
}

function read(line: string): { readonly accepted?: boolean; readonly answer?: unknown } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

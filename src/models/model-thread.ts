import { extname } from 'node:path';
import { Piscina } from 'piscina';
import { ModelFailedError, ModelUnavailableError } from '../errors.ts';
import { MINUTE } from '../time.ts';

/** Counts from the request, so it includes waiting for the requests before it. */
const ANSWER_LIMIT = 5 * MINUTE;

/** Worker threads that are started with the first requests. Each answers one request at a time. */
export interface ModelThread<Request, Answer> {
  /** Throws `ModelFailedError` with the reason as its cause; `ModelUnavailableError` once closed. */
  ask(request: Request): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * @param name of the thread's module, without extension: `.ts` in the source, `.js` once built
 * @param moduleUrl the URL of a module in the same folder
 */
export function modelThread<Request, Answer>(
  name: string,
  moduleUrl: string,
  model: string,
  threads = 1,
): ModelThread<Request, Answer> {
  const filename = new URL(`./${name}${extname(moduleUrl)}`, moduleUrl).href;
  let pool: Piscina<Request, Answer> | null = null;
  let closed = false;

  return {
    async ask(request) {
      if (closed) throw new ModelUnavailableError(`The local model ${model} is closed.`);
      pool ??= new Piscina({ filename, minThreads: 0, maxThreads: threads, idleTimeout: Number.POSITIVE_INFINITY });
      try {
        return await pool.run(request, { signal: AbortSignal.timeout(ANSWER_LIMIT) });
      } catch (cause) {
        throw new ModelFailedError(`The local model ${model} could not answer: ${(cause as Error).message}`, { cause });
      }
    },
    async close() {
      closed = true;
      await pool?.destroy();
      pool = null;
    },
  };
}

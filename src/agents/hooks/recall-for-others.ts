import { AsyncLocalStorage } from 'node:async_hooks';
import * as z from 'zod/mini';
import type { Config } from '../../config.ts';
import { openServices } from '../../memory/services.ts';
import type { Answer } from '../../worker-socket/serve.ts';
import { recallForHook } from './recall.ts';

const requestShape = z.object({
  event: z.enum(['SessionStart', 'UserPromptSubmit']),
  host: z.string(),
  input: z.object({
    session: z.string(),
    prompt: z.optional(z.string()),
    transcript: z.optional(z.string()),
  }),
  scope: z.object({ group: z.string(), userGroup: z.string() }),
  begins: z.boolean(),
  known: z.array(z.string()),
  own: z.array(z.string()),
  timeoutMs: z.number().check(z.minimum(0)),
});

export interface RecallsForHooks {
  /** @throws Error for a request of another shape */
  answer(body: unknown): Promise<Answer>;
  close(): Promise<void>;
}

/** Recalls for the hooks of this machine, in a process that goes on, so that connections and code are ready. */
export function openRecallsForHooks(config: Config): RecallsForHooks {
  // Requests share connections, but each has notices of its own.
  const notices = new AsyncLocalStorage<string[]>();
  const services = openServices(config, { onNotice: (notice) => notices.getStore()?.push(notice) });
  return {
    async answer(body) {
      const { timeoutMs, ...request } = requestShape.parse(body);
      const noticed: string[] = [];
      const { recordDelivery, ...recalled } = await notices.run(noticed, () =>
        recallForHook(services, request, timeoutMs),
      );
      return { answer: { ...recalled, notices: noticed }, onDelivered: recordDelivery };
    },
    close: () => services.close(),
  };
}

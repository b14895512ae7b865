import { afterAll, beforeAll } from 'vitest';
import { MemoryManager, UnusableReplyError } from '../../../src/index.ts';
import { type PageServer, servePage } from '../../../src/page/serve.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../models.ts';
import type { Stores } from '../stores.ts';

/** The page's server over a memory with a worker. */
export interface ServedPage {
  memory: MemoryManager;
  server: PageServer;
  /** Uuids of the stored episodes, in the order of `EPISODES`. */
  episodes: string[];
  /** The id of a job that always fails. */
  deadLetter: string;
  /** Calls the server like the page. */
  get(call: string, query?: Readonly<Record<string, string>>): Promise<PageReply>;
  post(call: string, body: unknown): Promise<PageReply>;
  /** Starts a second server for the same memory. */
  serve(options?: { readonly isReadOnly?: boolean; readonly memory?: MemoryManager }): Promise<PageServer>;
}

export interface PageReply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly body: any;
}

const EPISODES = [
  { content: 'Harbor uses Redis. Mira leads Harbor.', referenceTime: new Date('2025-01-10') },
  { content: 'Harbor not uses Redis. Harbor uses Valkey.', referenceTime: new Date('2025-03-01') },
  { content: 'Lighthouse calls Harbor.', referenceTime: new Date('2025-03-20') },
] as const;

/** The cost of a text with the word `priced`: $0.00056. */
const PRICED = { purpose: 'extract', model: 'gpt-4.1-mini', promptTokens: 1000, completionTokens: 100 } as const;

export function useServedPage(stores: Stores): ServedPage {
  const served = {} as ServedPage;
  const opened: PageServer[] = [];
  let workers: RunningWorkers;

  beforeAll(async () => {
    const model = plainModel();
    const languageModel = {
      ...model,
      extract: async (...given: Parameters<typeof model.extract>) => {
        const { content } = given[0];
        if (content.includes('poison')) throw new UnusableReplyError('The model gave no reply.');
        const extraction = await model.extract(...given);
        return content.includes('priced') ? { ...extraction, use: [PRICED] } : extraction;
      },
    };
    workers = await startWorkers(stores.config, ['store', 'export'], { languageModel, embedder: plainEmbedder() });
    const memory = new MemoryManager(stores.config, { embedder: plainEmbedder() });
    served.memory = memory;
    served.episodes = [];
    for (const { content, ...options } of EPISODES) {
      const receipt = await memory.enqueueEpisode(content, null, options);
      await memory.waitFor(receipt);
      served.episodes.push(receipt.uuid);
    }
    const poison = await memory.enqueueEpisode('poison');
    served.deadLetter = poison.uuid;
    await memory.waitFor(poison).catch(() => {});
    served.serve = async ({ isReadOnly = false, memory: other = memory } = {}) => {
      const server = await servePage(other, { port: 0, isReadOnly, version: '0.0.0', allowedHosts: [] });
      opened.push(server);
      return server;
    };
    served.server = await served.serve();
    served.get = (call, query = {}) => callPage(served.server, `${call}?${new URLSearchParams(query)}`);
    served.post = (call, body) =>
      callPage(served.server, call, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
  });
  afterAll(async () => {
    await Promise.all(opened.map((server) => server.close()));
    await served.memory?.close();
    await workers?.close();
  });
  return served;
}

export async function callPage(server: PageServer, call: string, init: RequestInit = {}): Promise<PageReply> {
  const response = await fetch(new URL(`/api/v1/${call}`, server.url), {
    ...init,
    headers: { Authorization: `Bearer ${server.token}`, ...init.headers },
  });
  return { status: response.status, body: await response.json() };
}

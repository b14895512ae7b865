import { afterAll } from 'vitest';
import { folderStore } from '../../src/archive/stores/folder.ts';
import type { Config } from '../../src/config.ts';
import { type Forgetting, type ForgettingParts, openForgetting } from '../../src/forget/forget.ts';
import type { Embedder } from '../../src/models/embedder.ts';
import { EXPORT_QUEUE, STORE_QUEUE } from '../../src/queue/jobs.ts';
import { openQueue } from '../../src/queue/queues.ts';
import { openSpool } from '../../src/queue/spool/spool.ts';
import type { StoreConnections } from './store-connections.ts';

/** A worker's forgetting without the queue. Call it in a test or in a hook. */
export function openTestForgetting(config: Config, opened: StoreConnections, embedder: Embedder): Forgetting {
  return openForgetting(forgettingParts(config, opened, embedder));
}

export function forgettingParts(config: Config, opened: StoreConnections, embedder: Embedder): ForgettingParts {
  const queue = openQueue(STORE_QUEUE, opened.valkey, config);
  const exportQueue = openQueue(EXPORT_QUEUE, opened.valkey, config);
  queues.push(queue, exportQueue);
  return {
    ...{ graphs: opened.graphs, valkey: opened.valkey, leases: opened.leases, embedder, queue, exportQueue },
    queuePrefix: config.queuePrefix,
    spool: openSpool(config.home, config.spoolLimit),
    archives: async () => folderStore(config.exportDir),
    onLater: async () => {},
  };
}

const queues: { close(): Promise<void> }[] = [];
afterAll(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()));
});

/** Targets of a forgetting: one episode. */
export const anEpisode = (uuid: string) => ({ episodes: [uuid], facts: [], entities: [], withEpisodes: false });

import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { exportGraph } from '../src/archive/export.ts';
import type { ArchiveStore } from '../src/archive/stores/store.ts';
import type { Config } from '../src/config.ts';
import type { Graphs } from '../src/graph/graphs.ts';
import { EXPORT_QUEUE, readExportJob } from '../src/queue/jobs.ts';
import { takeLease } from '../src/valkey/lease.ts';
import { asFailure, workerOptions } from './store-worker.ts';

/** Takes `export` jobs. The group's lease is held meanwhile, so that the export shows one moment of the graph. */
export function startExportWorker(
  config: Config,
  connection: Redis,
  graphs: Graphs,
  valkey: Redis,
  store: ArchiveStore,
): Worker {
  return new Worker(
    EXPORT_QUEUE,
    async (job) => {
      try {
        const { group } = readExportJob(job.data);
        const lease = await takeLease(valkey, group);
        try {
          return await exportGraph(graphs.group(group), store, (share) => {
            job.updateProgress(share).catch(() => {});
          });
        } finally {
          await lease.release();
        }
      } catch (error) {
        throw asFailure(error);
      }
    },
    workerOptions(config, connection),
  );
}

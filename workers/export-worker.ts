import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { exportGroup } from '../src/archive/export-group.ts';
import type { ArchiveStore } from '../src/archive/stores/store.ts';
import type { Config } from '../src/config.ts';
import type { Graphs } from '../src/graph/graphs.ts';
import { EXPORT_QUEUE, readExportJob } from '../src/queue/jobs.ts';
import { openQueue } from '../src/queue/queues.ts';
import { trace } from '../src/telemetry/tracing.ts';
import type { Leases } from '../src/valkey/lease.ts';
import { jobProcessor, type Told } from './job-fate.ts';
import { workerOptions } from './store-worker.ts';

/** Takes `export` jobs. Each shows one moment of the graph. */
export function startExportWorker(
  config: Config,
  connection: Redis,
  graphs: Graphs,
  leases: Leases,
  store: ArchiveStore,
  told: Told = {},
): Worker {
  const work = async (job: Job) => {
    const { group, gzip } = readExportJob(job.data);
    const onProgress = (share: number) => void job.updateProgress(share).catch(() => {});
    return trace('memory.export', { tags: { group } }, () =>
      exportGroup(graphs.group(group), tracedLeases(leases), tracedStore(store), { gzip, onProgress }),
    );
  };
  const queue = openQueue(EXPORT_QUEUE, connection, config);
  return new Worker(EXPORT_QUEUE, jobProcessor(queue, config.valkey, work, told), workerOptions(config, connection));
}

/** Waiting for the group is seen apart. */
function tracedLeases(leases: Leases): Leases {
  return {
    ...leases,
    take: (group) => trace('memory.lease', { tags: { group } }, () => leases.take(group)),
  };
}

/** Of an export the writing of its file is seen apart; the graph is read meanwhile, page by page. */
function tracedStore(store: ArchiveStore): ArchiveStore {
  return {
    ...store,
    put: (name, content) => trace('memory.archive', { resource: 'put' }, () => store.put(name, content)),
  };
}

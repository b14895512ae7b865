import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { exportGroup } from '../src/archive/export.ts';
import { type NightParts, runNightlyExport } from '../src/archive/nightly.ts';
import type { ArchiveStore } from '../src/archive/stores/store.ts';
import type { Config } from '../src/config.ts';
import { InvalidInputError } from '../src/errors.ts';
import type { Graphs } from '../src/graph/graphs.ts';
import { EXPORT_QUEUE, NIGHTLY, readExportJob, readNightlyJob } from '../src/queue/jobs.ts';
import type { Nights } from '../src/queue/nightly-exports.ts';
import { openQueue } from '../src/queue/queues.ts';
import { trace } from '../src/telemetry/tracing.ts';
import type { Leases } from '../src/valkey/lease.ts';
import { jobProcessor, type Observers } from './job-failure.ts';
import { workerOptions } from './store-worker.ts';

/** What an export worker works with, beside its queue. */
export interface ExportParts {
  readonly graphs: Graphs;
  readonly leases: Leases;
  readonly store: ArchiveStore;
  readonly nights: Nights;
  readonly trim?: NightParts['trim'];
  /** Groups that have a journal, also those whose graph is gone. */
  readonly journaled: () => Promise<readonly string[]>;
  readonly installation: NightParts['installation'];
  /** Asked before anything is done to a group: finds what an earlier release kept of it under other names. */
  readonly takeOver: (group: string) => Promise<void>;
}

/** Takes `export` jobs, each of which shows one moment of a graph, and `nightly` jobs, which add one of these for every memory. */
export function startExportWorker(
  config: Config,
  connection: Redis,
  parts: ExportParts,
  observers: Observers = {},
): Worker {
  const own = { ...parts, leases: tracedLeases(parts.leases) };
  const work = (job: Job): Promise<unknown> => {
    if (job.name === EXPORT_QUEUE) return exportOne(job, own, config, observers);
    if (job.name === NIGHTLY) return beginNight(job, own);
    throw new InvalidInputError(`This worker does not know jobs named "${job.name}"; a newer one may.`);
  };
  const queue = openQueue(EXPORT_QUEUE, connection, config);
  return new Worker(
    EXPORT_QUEUE,
    jobProcessor(queue, config.valkey, work, observers),
    workerOptions(config, connection),
  );
}

/** A memory whose graph is gone has an export too, which fails and says so. */
async function beginNight(
  { data }: Job,
  { graphs, nights, journaled, takeOver }: ExportParts,
): Promise<{ groups: string[] }> {
  const { tick } = readNightlyJob(data);
  const memories = await graphs.groups();
  for (const group of memories) await takeOver(group);
  const groups = [...new Set([...memories, ...(await journaled())])].sort();
  await nights.addExports(tick, groups);
  await nights.pruneRestoreTests(groups);
  return { groups };
}

async function exportOne(
  job: Job,
  parts: ExportParts,
  config: Config,
  { metrics, onNotice }: Observers,
): Promise<unknown> {
  const { group, gzip, nightly, written } = readExportJob(job.data);
  const { graphs, leases, store, nights } = parts;
  await parts.takeOver(group);
  const onProgress = (share: number) => void job.updateProgress(share).catch(() => {});
  return trace('memory.export', { tags: { group, nightly } }, async () => {
    if (!nightly) {
      const origin = { by: 'hand', installation: await parts.installation() } as const;
      return exportGroup(graphs.group(group), leases, store, { gzip, origin, onProgress });
    }
    // Jobs of earlier releases say `gzip`; the setting decides.
    const night = await runNightlyExport({ ...parts, keep: config.keep, gzip: config.exportGzip }, group, {
      written,
      onProgress,
      onWritten: (file) => job.updateData({ ...job.data, written: file }),
      async onRestoreTest(result) {
        metrics?.increment('opencode.memory.archive.drills', {
          outcome: result.said === undefined ? 'whole' : 'failed',
        });
        await nights.storeRestoreTest(group, result);
      },
    });
    for (const { file, why } of night.unproven)
      onNotice?.(`The nightly prune left ${file} alone: ${why}. Remove it by hand if nobody needs it.`);
    return night;
  });
}

/** Waiting for the group is seen apart. */
function tracedLeases(leases: Leases): Leases {
  return {
    ...leases,
    take: (group) => trace('memory.lease', { tags: { group } }, () => leases.take(group)),
  };
}

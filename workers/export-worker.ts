import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { exportGroup } from '../src/archive/export.ts';
import { type NightlyParts, runNightlyExport } from '../src/archive/nightly.ts';
import type { ArchiveStore } from '../src/archive/stores/archive-store.ts';
import type { Config } from '../src/config.ts';
import type { Graphs } from '../src/graph/graphs.ts';
import { isMemoryGraph } from '../src/graph/queries/meta-nodes.ts';
import { EXPORT_QUEUE, NIGHTLY_JOB, readExportJob, readNightlyJob, refuseJob } from '../src/queue/jobs.ts';
import type { NightlyExports } from '../src/queue/nightly-exports.ts';
import { openQueue } from '../src/queue/queues.ts';
import { trace } from '../src/telemetry/tracing.ts';
import type { Leases } from '../src/valkey/lease.ts';
import { jobProcessor, type Observers, workerOptions } from './job-failure.ts';

/** The parts of an export worker other than its queue. */
export interface ExportParts {
  readonly graphs: Graphs;
  readonly leases: Leases;
  readonly store: ArchiveStore;
  readonly nights: NightlyExports;
  readonly trim?: NightlyParts['trim'];
  /** Groups that have a journal, also those whose graph was lost. */
  readonly journaled: () => Promise<readonly string[]>;
  readonly installation: NightlyParts['installation'];
  /** Migrates keys of a group that an earlier release stored under other names; called before any work on the group. */
  readonly migrateKeys: (group: string) => Promise<void>;
}

/** Processes `export` jobs, each of which exports one moment of a graph, and `nightly` jobs, which add an `export` job for every memory. */
export function startExportWorker(
  config: Config,
  connection: Redis,
  parts: ExportParts,
  observers: Observers = {},
): Worker {
  const tracedParts = { ...parts, leases: tracedLeases(parts.leases) };
  const work = (job: Job): Promise<unknown> => {
    if (job.name === EXPORT_QUEUE) return exportOne(job, tracedParts, config, observers);
    if (job.name === NIGHTLY_JOB) return beginNight(job, tracedParts);
    refuseJob(job.name, job.data);
  };
  const queue = openQueue(EXPORT_QUEUE, connection, config);
  return new Worker(
    EXPORT_QUEUE,
    jobProcessor(queue, config.valkey, work, observers),
    workerOptions(config, connection),
  );
}

/**
 * A memory whose graph was lost gets an export job too, which fails and says so. A memory with a restore test that the listing lacks is
 * looked up by name: a wrong listing must neither leave it out nor erase the record of its restore test.
 */
async function beginNight(
  { data }: Job,
  { graphs, nights, journaled, migrateKeys }: ExportParts,
): Promise<{ groups: string[] }> {
  const { tick } = readNightlyJob(data);
  const memories = await graphs.groups();
  for (const group of memories) await migrateKeys(group);
  const listed = new Set([...memories, ...(await journaled())]);
  const unlisted = [...(await nights.restoreTests()).keys()].filter((group) => !listed.has(group));
  const removed: string[] = [];
  for (const group of unlisted) if (!(await isMemoryGraph(graphs.group(group)))) removed.push(group);
  const groups = [...listed, ...unlisted.filter((group) => !removed.includes(group))].sort();
  await nights.addExports(tick, groups);
  await nights.removeRestoreTests(removed);
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
  await parts.migrateKeys(group);
  const onProgress = (share: number) => void job.updateProgress(share).catch(() => {});
  return trace('memory.export', { tags: { group, nightly } }, async () => {
    if (!nightly) {
      const origin = { by: 'hand', installation: await parts.installation() } as const;
      return exportGroup(graphs.group(group), leases, store, { gzip, origin, onProgress });
    }
    // Jobs of earlier releases have a member `gzip`; the setting decides.
    const night = await runNightlyExport({ ...parts, keep: config.keep, gzip: config.exportGzip }, group, {
      written,
      onProgress,
      onWritten: (file) => job.updateData({ ...job.data, written: file }),
      async onRestoreTest(result) {
        metrics?.increment('opencode.memory.archive.drills', {
          outcome: result.problem === undefined ? 'whole' : 'failed',
        });
        await nights.storeRestoreTest(group, result);
      },
    });
    for (const { file, reason } of night.unproven)
      onNotice?.(`The nightly prune left ${file} alone: ${reason}. Remove it by hand if it is not needed.`);
    return night;
  });
}

/** Waiting for the lease has a separate span. */
function tracedLeases(leases: Leases): Leases {
  return {
    ...leases,
    take: (group) => trace('memory.lease', { tags: { group } }, () => leases.take(group)),
  };
}

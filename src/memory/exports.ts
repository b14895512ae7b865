import type { ExportResult } from '../archive/export.ts';
import { isOperationalError, NoWorkerError } from '../errors.ts';
import { journaledGroups } from '../journal/lost-changes.ts';
import { countWorkers } from '../queue/queue-state.ts';
import { MINUTE } from '../time.ts';
import type { GroupOptions, WaitOptions } from './options.ts';
import type { Services } from './services.ts';
import { waitFor } from './services.ts';

export interface ExportOptions extends GroupOptions, WaitOptions {
  /** True writes `.json.gz`, less than half the size, which takes longer. */
  readonly gzip?: boolean;
}

export type ExportAllOptions = Omit<ExportOptions, 'group'>;

/** The result of one group's export, or the reason for its failure. */
export type GroupExportResult = { readonly group: string } & (
  | { readonly exported: ExportResult }
  | { readonly failed: string }
);

/** Has a worker export a group. @throws NoWorkerError, JobFailedError, TimedOutError */
export async function exportMemory(services: Services, options: ExportOptions): Promise<ExportResult> {
  const { gzip = false, timeoutMs = 10 * MINUTE, ...wait } = options;
  const group = services.group(options.group);
  const producer = await exporting(services);
  const { jobId } = await producer.export(group, gzip, true);
  return (await waitFor(services, 'export', jobId, { ...wait, timeoutMs })) as ExportResult;
}

/**
 * Has a worker export every group that has a graph or lost one. A failure in one group is reported and does not stop the others. @throws
 * NoWorkerError
 */
export async function exportAll(services: Services, options: ExportAllOptions): Promise<GroupExportResult[]> {
  const { gzip = false, timeoutMs = 10 * MINUTE, onProgress = () => {}, ...wait } = options;
  const [graphs, producer, { ask }] = await Promise.all([services.graphs(), exporting(services), services.queues()]);
  // A memory whose graph is lost fails instead of being skipped.
  const groups = [...new Set([...(await graphs.groups()), ...(await ask(journaledGroups))])].sort();
  const jobs = await Promise.all(groups.map((group) => producer.export(group, gzip)));
  const results: GroupExportResult[] = [];
  for (const [index, group] of groups.entries()) {
    try {
      const share = (done: number) => onProgress((index + done) / groups.length);
      const jobId = jobs[index]?.jobId ?? '';
      const exported = (await waitFor(services, 'export', jobId, {
        ...wait,
        timeoutMs,
        onProgress: share,
      })) as ExportResult;
      results.push({ group, exported });
    } catch (error) {
      if (!isOperationalError(error)) throw error;
      results.push({ group, failed: error.message });
    }
  }
  return results;
}

async function exporting(services: Services) {
  const [producer, waiting] = await Promise.all([services.producer(), services.waiting.export()]);
  await waiting.ready();
  if ((await countWorkers(await services.queues(), 'export')) === 0)
    throw new NoWorkerError(
      'No worker is running to export; start one with `memory-manager up` or `memory-manager worker`.',
    );
  return producer;
}

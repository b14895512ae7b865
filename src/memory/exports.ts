import type { Exported } from '../archive/export.ts';
import { isForeseen, NoWorker } from '../errors.ts';
import { journaledGroups } from '../journal/loss.ts';
import { MINUTE } from '../time.ts';
import type { GroupOptions, WaitOptions } from './options.ts';
import type { Services } from './services.ts';

export interface ExportOptions extends GroupOptions, WaitOptions {
  /** True writes `.json.gz`, less than half the size, which takes longer. */
  readonly gzip?: boolean;
}

export type ExportAllOptions = Omit<ExportOptions, 'group'>;

/** What came of one group's export: what was written, or in a sentence why nothing was. */
export type GroupExported = { readonly group: string } & (
  | { readonly exported: Exported }
  | { readonly failed: string }
);

/** Lets a worker export a group. @throws NoWorker, JobFailed, TimedOut */
export async function exportMemory(services: Services, options: ExportOptions): Promise<Exported> {
  const { gzip = false, limit = 10 * MINUTE, onProgress } = options;
  const group = services.group(options.group);
  const [producer, waiting] = await exporting(services);
  const { jobId } = await producer.export(group, gzip, true);
  return (await waiting.ended(jobId, limit, (share) => onProgress?.(Number(share)))) as Exported;
}

/** The same with every group that has a graph, or had one that was lost. What befalls one is told and keeps none of the others. @throws NoWorker */
export async function exportAll(services: Services, options: ExportAllOptions): Promise<GroupExported[]> {
  const { gzip = false, limit = 10 * MINUTE, onProgress = () => {} } = options;
  const [graphs, [producer, waiting]] = await Promise.all([services.graphs(), exporting(services)]);
  // Memories whose graph is gone fail, and are not passed over.
  const groups = [...new Set([...(await graphs.groups()), ...(await producer.ask(journaledGroups))])].sort();
  const jobs = await Promise.all(groups.map((group) => producer.export(group, gzip)));
  const results: GroupExported[] = [];
  for (const [index, group] of groups.entries()) {
    try {
      const share = (done: unknown) => onProgress((index + Number(done)) / groups.length);
      const exported = (await waiting.ended(jobs[index]?.jobId ?? '', limit, share)) as Exported;
      results.push({ group, exported });
    } catch (error) {
      if (!isForeseen(error)) throw error;
      results.push({ group, failed: error.message });
    }
  }
  return results;
}

async function exporting(services: Services) {
  const [producer, waiting] = await Promise.all([services.producer(), services.waiting.export()]);
  await waiting.ready();
  if ((await producer.workers('export')) === 0)
    throw new NoWorker(
      'No worker is running to export; start one with `memory-manager up` or `memory-manager worker`.',
    );
  return [producer, waiting] as const;
}

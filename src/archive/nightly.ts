import { ArchiveDamagedError, InvalidInputError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { isEmptyGraph } from '../graph/queries/meta-nodes.ts';
import { needsRebuildAtNight, renewIndexes } from '../graph/renew-indexes.ts';
import type { Leases } from '../valkey/lease.ts';
import { recordVerification } from './catalogue.ts';
import { exportGroup } from './export.ts';
import { type ArchiveOrigin, type Manifest, manifestName, readManifest } from './manifest.ts';
import { pruneStore, type Retention, type SkippedArchive } from './prune.ts';
import type { ArchiveStore } from './stores/archive-store.ts';
import { type StepMetrics, timedStep } from './timed-step.ts';
import { testRestore, type Verification } from './verify.ts';

/** The parts of a nightly export. */
export interface NightlyParts {
  readonly graphs: Graphs;
  readonly leases: Leases;
  readonly store: ArchiveStore;
  readonly keep: Retention | 'all';
  /** True writes `.json.gz`. */
  readonly gzip?: boolean;
  /** `installationId`, read each night. */
  readonly installation: () => Promise<string>;
  /** Trims the journal up to the position of a tested archive. @returns the number of removed entries */
  readonly trim?: (group: string, position: string) => Promise<number>;
}

/** Progress, stored by the caller so that a retry continues from there. */
export interface NightlyProgress {
  /** The archive that an earlier attempt wrote. */
  readonly written?: string | undefined;
  readonly onWritten: (file: string | undefined) => Promise<void>;
  /** Called with the result of the restore test. */
  readonly onRestoreTest: (result: {
    readonly file: string;
    readonly at: Date;
    readonly problem?: string;
  }) => Promise<void>;
  /** Called with the finished share, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

export interface NightlyExportResult {
  /** Null for an empty memory, which is not exported. */
  readonly file: string | null;
  readonly answers: Verification['answers'];
  readonly trimmed: number;
  readonly removed: readonly string[];
  /** Files whose manifest is lost or damaged, which no prune touches. */
  readonly unproven: readonly SkippedArchive[];
}

const WRITTEN = 0.4;
const TESTED = 0.95;

/**
 * Exports a group and tests the restore. Only if the test succeeds, it removes what the archive replaces: journal entries, older
 * archives, leftovers. Each step may be repeated.
 * @throws GraphLostError when the graph lost changes; ArchiveDamagedError when the archive cannot be restored: then nothing was removed, and
 * the next attempt writes a new archive
 */
export async function runNightlyExport(
  parts: NightlyParts,
  group: string,
  progress: NightlyProgress,
): Promise<NightlyExportResult> {
  const { graphs, store, keep, trim } = parts;
  await graphs.group(group).checkLoss();
  if (await isEmptyGraph(graphs.group(group)))
    return { file: null, answers: null, trimmed: 0, removed: [], unproven: [] };
  const manifest = await exportedManifest(parts, group, progress);
  const { file } = manifest;
  const { intact, problems, answers } = await testRestore(graphs, store, manifest, (share) =>
    progress.onProgress(WRITTEN + share * (TESTED - WRITTEN)),
  );
  const now = new Date();
  if (!intact) {
    const problem = problems.join('; ');
    await progress.onWritten(undefined);
    await progress.onRestoreTest({ file, at: now, problem });
    throw new ArchiveDamagedError(
      `The nightly archive ${file} of "${group}" cannot be trusted, so nothing older was removed: ${problem}`,
    );
  }
  await recordVerification(store, manifest, { restored: true, now });
  await progress.onRestoreTest({ file, at: now });
  const { position } = manifest.journal;
  const trimmed = (position && (await trim?.(group, position))) || 0;
  const { removed, unproven } =
    keep === 'all'
      ? await sweep(store)
      : await pruneStore(store, group, keep, { installation: await parts.installation() });
  progress.onProgress(1);
  return { file, answers, trimmed, removed, unproven };
}

/** The archive of an earlier attempt, if it still exists, or a new one. */
async function exportedManifest(parts: NightlyParts, group: string, progress: NightlyProgress): Promise<Manifest> {
  const { graphs, leases, store, gzip = false } = parts;
  if (progress.written) {
    try {
      return await readManifest(store, manifestName(progress.written));
    } catch (error) {
      // Removed or damaged meanwhile.
      if (!(error instanceof InvalidInputError || error instanceof ArchiveDamagedError)) throw error;
    }
  }
  await timedStep(store, 'renew', () => renewWorn(graphs.group(group), leases, store));
  const onProgress = (share: number) => progress.onProgress(share * WRITTEN);
  const origin: ArchiveOrigin = { by: 'night', installation: await parts.installation() };
  const { file } = await exportGroup(graphs.group(group), leases, store, { gzip, origin, onProgress });
  await progress.onWritten(file);
  return readManifest(store, manifestName(file));
}

/** The restored graph has fresh indexes too, so both return the same results. */
async function renewWorn(graph: GroupGraph, leases: Leases, { metrics }: StepMetrics): Promise<void> {
  for (const label of await renewIndexes(graph, leases, needsRebuildAtNight))
    metrics?.increment('opencode.memory.indexes.renewed', { label });
}

async function sweep(store: ArchiveStore): Promise<Pick<NightlyExportResult, 'removed' | 'unproven'>> {
  await store.sweep();
  return { removed: [], unproven: [] };
}

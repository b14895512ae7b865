import { ArchiveDamaged, InvalidInput } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { isEmpty } from '../graph/queries/meta.ts';
import { renewByNight } from '../graph/renew.ts';
import type { Leases } from '../valkey/lease.ts';
import { noteVerified } from './catalogue.ts';
import { exportGroup } from './export.ts';
import { type Manifest, manifestName, type Origin, readManifest } from './manifest.ts';
import { pruneStore, type Retention, type Skipped } from './prune.ts';
import { step, type Watched } from './step.ts';
import type { ArchiveStore } from './stores/store.ts';
import { drillArchive, type Verification } from './verify.ts';

/** What an export that nobody asked for works with. */
export interface NightParts {
  readonly graphs: Graphs;
  readonly leases: Leases;
  readonly store: ArchiveStore;
  readonly keep: Retention | 'all';
  /** True writes `.json.gz`. */
  readonly gzip?: boolean;
  /** `installationId`, asked for each night. */
  readonly installation: () => Promise<string>;
  /** Forgets what the journal holds up to a position of which the archive is proven to hold all; gives how many entries. */
  readonly trim?: (group: string, position: string) => Promise<number>;
}

/** How far it is, kept by the caller so that another try goes on from there. */
export interface NightTold {
  /** What an earlier try has written. */
  readonly written?: string | undefined;
  readonly onWritten: (file: string | undefined) => Promise<void>;
  /** What the trial to restore came to. */
  readonly onDrill: (result: { readonly file: string; readonly at: Date; readonly said?: string }) => Promise<void>;
  /** The share that is done, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

export interface Night {
  /** Null for a memory that holds nothing, of which nothing is written. */
  readonly file: string | null;
  readonly answers: Verification['answers'];
  readonly trimmed: number;
  readonly removed: readonly string[];
  /** Files whose manifest is lost or damaged, which no prune touches. */
  readonly unproven: readonly Skipped[];
}

const WRITTEN = 0.4;
const DRILLED = 0.95;

/**
 * Exports a group, restores that on trial, and only if it came back whole lets go of what it makes needless: entries of the journal,
 * older archives, leftovers. Each step may be done again.
 * @throws GraphLostError when the graph lost changes; ArchiveDamaged when the archive cannot be restored: nothing was removed then, and another try writes a new one
 */
export async function exportByNight(parts: NightParts, group: string, told: NightTold): Promise<Night> {
  const { graphs, store, keep, trim } = parts;
  await graphs.group(group).checkLoss();
  if (await isEmpty(graphs.group(group))) return { file: null, answers: null, trimmed: 0, removed: [], unproven: [] };
  const manifest = await written(parts, group, told);
  const { file } = manifest;
  const { whole, problems, answers } = await drillArchive(graphs, store, manifest, (share) =>
    told.onProgress(WRITTEN + share * (DRILLED - WRITTEN)),
  );
  const now = new Date();
  if (!whole) {
    const said = problems.join('; ');
    await told.onWritten(undefined);
    await told.onDrill({ file, at: now, said });
    throw new ArchiveDamaged(
      `The nightly archive ${file} of "${group}" cannot be trusted, so nothing older was removed: ${said}`,
    );
  }
  await noteVerified(store, manifest, { restored: true, now });
  await told.onDrill({ file, at: now });
  const { position } = manifest.journal;
  const trimmed = (position && (await trim?.(group, position))) || 0;
  const { removed, unproven } =
    keep === 'all'
      ? await sweep(store)
      : await pruneStore(store, group, keep, { installation: await parts.installation() });
  told.onProgress(1);
  return { file, answers, trimmed, removed, unproven };
}

/** What an earlier try wrote, if that is still there, or a new archive. */
async function written(parts: NightParts, group: string, told: NightTold): Promise<Manifest> {
  const { graphs, leases, store, gzip = false } = parts;
  if (told.written) {
    try {
      return await readManifest(store, manifestName(told.written));
    } catch (error) {
      // Removed or damaged meanwhile.
      if (!(error instanceof InvalidInput || error instanceof ArchiveDamaged)) throw error;
    }
  }
  await step(store, 'renew', () => renewWorn(graphs.group(group), leases, store));
  const onProgress = (share: number) => told.onProgress(share * WRITTEN);
  const origin: Origin = { by: 'night', installation: await parts.installation() };
  const { file } = await exportGroup(graphs.group(group), leases, store, { gzip, origin, onProgress });
  await told.onWritten(file);
  return readManifest(store, manifestName(file));
}

/** What is restored has fresh ones too, and so finds the same. Nobody could commit meanwhile, lease or not. */
async function renewWorn(graph: GroupGraph, leases: Leases, { metrics }: Watched): Promise<void> {
  const lease = await leases.take(graph.group);
  try {
    for (const label of await renewByNight(graph)) metrics?.increment('opencode.memory.indexes.renewed', { label });
  } finally {
    await lease.release();
  }
}

async function sweep(store: ArchiveStore): Promise<Pick<Night, 'removed' | 'unproven'>> {
  await store.sweep();
  return { removed: [], unproven: [] };
}

import { DAY } from '../time.ts';
import { type Archive, type IncompleteArchive, isLeftover, readCatalogue, verifiedName } from './catalogue.ts';
import { type Manifest, manifestName, skipReason } from './manifest.ts';
import type { ArchiveStore } from './stores/archive-store.ts';
import { timedStep } from './timed-step.ts';

/** How many archives of each kind are kept. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

export interface DatedArchive {
  readonly at: Date;
  /** True if it was found intact. */
  readonly isVerified: boolean;
}

/**
 * The archives to keep: the newest of each of the last days, weeks (from Monday) and months in UTC that have an archive, the newest of all,
 * and the newest verified one. The present time does not matter, so that neither a wrong clock nor a long pause removes an archive.
 */
export function archivesToKeep<T extends DatedArchive>(
  archives: readonly T[],
  { daily, weekly, monthly }: Retention,
): Set<T> {
  const newestFirst = [...archives].sort((a, b) => b.at.getTime() - a.at.getTime());
  const always = [newestFirst[0], newestFirst.find(({ isVerified }) => isVerified)];
  return new Set([
    ...always.filter((archive) => archive !== undefined),
    ...newestOfEach(newestFirst, dayOf, daily),
    ...newestOfEach(newestFirst, (at) => Math.floor((dayOf(at) + 3) / 7), weekly),
    ...newestOfEach(newestFirst, (at) => at.getUTCFullYear() * 12 + at.getUTCMonth(), monthly),
  ]);
}

// Day 0 was a Thursday; its week began three days earlier.
const dayOf = (at: Date): number => Math.floor(at.getTime() / DAY);

function newestOfEach<T extends DatedArchive>(
  newestFirst: readonly T[],
  period: (at: Date) => number,
  count: number,
): T[] {
  const newest = new Map<number, T>();
  for (const archive of newestFirst) {
    const key = period(archive.at);
    if (!newest.has(key)) newest.set(key, archive);
  }
  return [...newest.values()].slice(0, count);
}

export interface PruneResult {
  readonly kept: readonly string[];
  readonly removed: readonly string[];
  /** Manifests of archives that an interrupted prune has removed already. */
  readonly leftovers: readonly string[];
  /** Complete archives that are not nightly archives of this installation; the retention does not count them. */
  readonly skipped: readonly SkippedArchive[];
  /** Files whose manifest is lost or damaged, so that their origin is unknown. */
  readonly unproven: readonly SkippedArchive[];
}

/** A file that prune does not remove, with the reason. */
export interface SkippedArchive {
  readonly file: string;
  readonly reason: string;
}

export interface PruneRules {
  /** The installation whose nightly archives may be removed: `installationId`. */
  readonly installation: string;
  /** True also counts and removes the group's archives that were made by hand, by earlier releases or by other installations. */
  readonly all?: boolean;
  /** True: only return what would be removed. */
  readonly dryRun?: boolean;
  readonly now?: Date;
}

/**
 * Removes a group's nightly archives except those that the retention keeps. Only archives whose manifest proves their origin are removed,
 * since an archive without a manifest may be the last copy of a memory.
 * @throws ConfigError, ArchiveUnavailableError
 */
export function pruneStore(
  store: ArchiveStore,
  group: string,
  retention: Retention,
  rules: PruneRules,
): Promise<PruneResult> {
  return timedStep(store, 'prune', async (span) => {
    const pruned = await prune(store, group, retention, rules);
    span.tag('removed', pruned.removed.length);
    span.tag('leftovers', pruned.leftovers.length);
    span.tag('skipped', pruned.skipped.length);
    return pruned;
  });
}

async function prune(
  store: ArchiveStore,
  group: string,
  retention: Retention,
  { installation, all = false, dryRun = false, now = new Date() }: PruneRules,
): Promise<PruneResult> {
  const { archives, incomplete } = await readCatalogue(store, group);
  const because = ({ origin }: Manifest) => (all ? undefined : skipReason(origin, installation));
  const isLeft = ({ manifest }: IncompleteArchive) => manifest?.group === group && because(manifest) === undefined;

  const dated = archives
    .filter(({ manifest }) => because(manifest) === undefined)
    .map((archive) => ({
      archive,
      at: new Date(archive.manifest.created_at),
      isVerified: archive.verified !== undefined,
    }));
  const kept = archivesToKeep(dated, retention);
  const removed = dated.filter((archive) => !kept.has(archive)).map(({ archive }) => archive);
  // Younger files may belong to a running export.
  const old = incomplete.filter((file) => isLeftover(file, now));
  const leftovers = old.filter(isLeft).map(({ name }) => name);
  if (!dryRun) {
    for (const archive of removed) await removeArchive(store, archive);
    for (const name of leftovers) await store.remove(name);
    await store.sweep();
  }
  const file = ({ manifest }: Archive) => manifest.file;
  return {
    kept: dated.filter((archive) => kept.has(archive)).map(({ archive }) => file(archive)),
    removed: removed.map(file),
    leftovers,
    skipped: archives.flatMap(({ manifest }) => {
      const why = because(manifest);
      return why === undefined ? [] : [{ file: manifest.file, reason: why }];
    }),
    unproven: old
      .filter(({ manifest }) => manifest === undefined)
      .map(({ name, why }) => ({ file: name, reason: why })),
  };
}

/** Removes the manifest last: after an interruption it still identifies the archive, and the next prune continues. */
export async function removeArchive(store: ArchiveStore, { manifest: { file }, verified }: Archive): Promise<void> {
  await store.remove(file);
  if (verified) await store.remove(verifiedName(file));
  await store.remove(manifestName(file));
}

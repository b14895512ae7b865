import { DAY } from '../time.ts';
import { type Archive, type Incomplete, isLeftover, readCatalogue, verifiedName } from './catalogue.ts';
import { foreignBecause, type Manifest, manifestName } from './manifest.ts';
import { step } from './step.ts';
import type { ArchiveStore } from './stores/store.ts';

/** How many archives of each kind are kept. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

export interface Kept {
  readonly at: Date;
  /** Whether it was found whole. */
  readonly isVerified: boolean;
}

/**
 * Which archives are kept: of each of the last days, weeks (from Monday) and months, in UTC, in which there is any, the newest,
 * and always the newest of all and the newest that was verified. Nothing depends on what time it is now, so that a clock that
 * runs wrong, or a long pause, removes nothing.
 */
export function keepers<T extends Kept>(archives: readonly T[], { daily, weekly, monthly }: Retention): Set<T> {
  const newestFirst = [...archives].sort((a, b) => b.at.getTime() - a.at.getTime());
  const always = [newestFirst[0], newestFirst.find(({ isVerified }) => isVerified)];
  return new Set([
    ...always.filter((it) => it !== undefined),
    ...newestOfEach(newestFirst, dayOf, daily),
    ...newestOfEach(newestFirst, (at) => Math.floor((dayOf(at) + 3) / 7), weekly),
    ...newestOfEach(newestFirst, (at) => at.getUTCFullYear() * 12 + at.getUTCMonth(), monthly),
  ]);
}

// Day 0 was a Thursday: three days before it a week began.
const dayOf = (at: Date): number => Math.floor(at.getTime() / DAY);

function newestOfEach<T extends Kept>(newestFirst: readonly T[], period: (at: Date) => number, count: number): T[] {
  const found = new Map<number, T>();
  for (const it of newestFirst) {
    const key = period(it.at);
    if (!found.has(key)) found.set(key, it);
  }
  return [...found.values()].slice(0, count);
}

export interface Pruned {
  readonly kept: readonly string[];
  readonly removed: readonly string[];
  /** Manifests of archives that an interrupted prune has removed already. */
  readonly leftovers: readonly string[];
  /** Whole archives that are not nightly ones of this installation; the retention does not count them. */
  readonly skipped: readonly Skipped[];
  /** Files whose manifest is lost or damaged, so that their origin is unknown. */
  readonly unproven: readonly Skipped[];
}

/** A file that is not the prune's to remove, and in a few words why. */
export interface Skipped {
  readonly file: string;
  readonly why: string;
}

export interface PruneRules {
  /** Whose nightly archives may go: `installationId`. */
  readonly installation: string;
  /** True also counts and removes the group's archives that were made by hand, by earlier releases or by other installations. */
  readonly all?: boolean;
  /** True: only return what would be removed. */
  readonly dryRun?: boolean;
  readonly now?: Date;
}

/**
 * Removes a group's nightly archives but those that the retention keeps. What no manifest proves to be one of them stays: an archive
 * whose manifest is lost may be the last copy of a memory.
 * @throws ConfigError, ArchiveUnavailableError
 */
export function pruneStore(
  store: ArchiveStore,
  group: string,
  retention: Retention,
  rules: PruneRules,
): Promise<Pruned> {
  return step(store, 'prune', async (span) => {
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
): Promise<Pruned> {
  const { archives, incomplete } = await readCatalogue(store, group);
  const because = ({ origin }: Manifest) => (all ? undefined : foreignBecause(origin, installation));
  const isLeft = ({ manifest }: Incomplete) => manifest?.group === group && because(manifest) === undefined;

  const dated = archives
    .filter(({ manifest }) => because(manifest) === undefined)
    .map((archive) => ({
      archive,
      at: new Date(archive.manifest.created_at),
      isVerified: archive.verified !== undefined,
    }));
  const kept = keepers(dated, retention);
  const removed = dated.filter((it) => !kept.has(it)).map(({ archive }) => archive);
  // Younger ones may belong to an export that is under way.
  const old = incomplete.filter((file) => isLeftover(file, now));
  const leftovers = old.filter(isLeft).map(({ name }) => name);
  if (!dryRun) {
    for (const archive of removed) await remove(store, archive);
    for (const name of leftovers) await store.remove(name);
    await store.sweep();
  }
  const file = ({ manifest }: Archive) => manifest.file;
  return {
    kept: dated.filter((it) => kept.has(it)).map(({ archive }) => file(archive)),
    removed: removed.map(file),
    leftovers,
    skipped: archives.flatMap(({ manifest }) => {
      const why = because(manifest);
      return why === undefined ? [] : [{ file: manifest.file, why }];
    }),
    unproven: old.filter(({ manifest }) => manifest === undefined).map(({ name, why }) => ({ file: name, why })),
  };
}

/** Removes the manifest last: after an interruption it still identifies the archive, and the next prune continues. */
async function remove(store: ArchiveStore, { manifest: { file }, verified }: Archive): Promise<void> {
  await store.remove(file);
  if (verified) await store.remove(verifiedName(file));
  await store.remove(manifestName(file));
}

import type { Archive } from './catalogue.ts';
import { isLeftover, readCatalogue } from './catalogue.ts';
import { isArchive, manifestName } from './manifest.ts';
import { keepers, type Retention } from './retention.ts';
import { step } from './step.ts';
import type { ArchiveStore } from './stores/store.ts';
import { verifiedName } from './verified.ts';

export interface Pruned {
  readonly kept: readonly string[];
  readonly removed: readonly string[];
  /** Leftovers of exports that never came to an end. */
  readonly leftovers: readonly string[];
}

/**
 * Removes a group's archives but those that the retention keeps, and what exports left behind that never came to an end.
 * @param dryRun true only tells what would go
 * @throws ConfigError, ArchiveAway
 */
export function pruneStore(
  store: ArchiveStore,
  group: string,
  retention: Retention,
  options: { dryRun?: boolean; now?: Date } = {},
): Promise<Pruned> {
  return step(store, 'prune', async (span) => {
    const pruned = await prune(store, group, retention, options);
    span.tag('removed', pruned.removed.length);
    span.tag('leftovers', pruned.leftovers.length);
    return pruned;
  });
}

async function prune(
  store: ArchiveStore,
  group: string,
  retention: Retention,
  { dryRun = false, now = new Date() }: { dryRun?: boolean; now?: Date },
): Promise<Pruned> {
  const { archives, incomplete } = await readCatalogue(store, group);
  const dated = archives.map((archive) => ({
    archive,
    at: new Date(archive.manifest.created_at),
    isVerified: archive.verified !== undefined,
  }));
  const kept = keepers(dated, retention);
  const removed = dated.filter((it) => !kept.has(it)).map(({ archive }) => archive);
  // Only files that nothing vouches for: a manifest that cannot be read may belong to an archive that can be saved.
  const leftovers = incomplete.filter((file) => isArchive(file.name) && isLeftover(file, now)).map(({ name }) => name);
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
  };
}

/** The manifest first: what is left when this is interrupted does not look like an archive, and is removed by the next. */
async function remove(store: ArchiveStore, { manifest: { file }, verified }: Archive): Promise<void> {
  await store.remove(manifestName(file));
  await store.remove(file);
  if (verified) await store.remove(verifiedName(file));
}

import * as z from 'zod/mini';
import { ArchiveDamagedError, ArchiveKeyError, InvalidInputError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { checkText } from '../text.ts';
import {
  archiveStem,
  chunksOf,
  companionName,
  isArchive,
  isManifest,
  type Manifest,
  manifestName,
  readManifest,
  readSmallFile,
} from './manifest.ts';
import { type ArchiveStore, type ListedFile, STALE_AFTER } from './stores/archive-store.ts';

/** An archive with its manifest. */
export interface Archive {
  readonly manifest: Manifest;
  readonly verified: VerifiedNote | undefined;
}

export interface Catalogue {
  /** Newest first. */
  readonly archives: readonly Archive[];
  readonly incomplete: readonly IncompleteArchive[];
}

/** A file that is not a complete archive: a running or aborted export wrote it, or it is damaged. */
export interface IncompleteArchive extends ListedFile {
  readonly why: 'its manifest is missing' | 'it cannot be read' | 'its archive is gone' | typeof LOCKED;
  /** The manifest of a missing archive. */
  readonly manifest?: Manifest;
}

const BEGINNING = 'graphiti_export_';
const LOCKED = 'no key of MEMORY_ARCHIVE_KEY opens it';
const AT_ONCE = 8;

/** All archives of a store. @param group only this group's @throws ConfigError, ArchiveUnavailableError */
export async function readCatalogue(store: ArchiveStore, group?: string): Promise<Catalogue> {
  const files = await store.list(BEGINNING);
  const names = new Map(files.map((file) => [file.name, file]));
  const archives: Archive[] = [];
  const incomplete: IncompleteArchive[] = files
    .filter(({ name }) => isArchive(name) && !names.has(manifestName(name)))
    .map((listed) => ({ ...listed, why: 'its manifest is missing' }));
  const manifests = files.filter(({ name }) => isManifest(name));
  for (let from = 0; from < manifests.length; from += AT_ONCE)
    await Promise.all(
      manifests.slice(from, from + AT_ONCE).map(async (listed) => {
        const manifest = await readable(store, listed.name);
        if (manifest === LOCKED) {
          const file = files.find(({ name }) => isArchive(name) && archiveStem(name) === archiveStem(listed.name));
          incomplete.push({ ...(file ?? listed), why: LOCKED });
        } else if (!manifest) incomplete.push({ ...listed, why: 'it cannot be read' });
        else if (!names.has(manifest.file)) incomplete.push({ ...listed, why: 'its archive is gone', manifest });
        else if (group === undefined || manifest.group === group) {
          const { file, sha256 } = manifest;
          const verified = names.has(verifiedName(file)) ? await readVerified(store, file, sha256) : undefined;
          archives.push({ manifest, verified });
        }
      }),
    );
  archives.sort((a, b) => (a.manifest.file < b.manifest.file ? 1 : -1));
  return { archives, incomplete };
}

async function readable(store: ArchiveStore, name: string): Promise<Manifest | typeof LOCKED | undefined> {
  try {
    return await readManifest(store, name);
  } catch (error) {
    if (error instanceof ArchiveKeyError) return LOCKED;
    // Another process removed it, or it is damaged; in both cases it is not an archive.
    if (error instanceof ArchiveDamagedError || error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

/** Encrypted archives of any group that none of the keys opens. */
export const hasNoMatchingKey = ({ why }: IncompleteArchive): boolean => why === LOCKED;

/**
 * A group's archives, newest first.
 * @throws ArchiveKeyError when a newer file cannot be opened, since it may be the group's newest archive; ConfigError, ArchiveUnavailableError
 */
export async function archivesOf(store: ArchiveStore, group: string): Promise<readonly Archive[]> {
  const { archives, incomplete } = await readCatalogue(store, group);
  const newest = archives[0]?.manifest.file ?? '';
  const locked = incomplete.find((file) => hasNoMatchingKey(file) && archiveStem(file.name) > archiveStem(newest));
  if (!locked) return archives;
  throw new ArchiveKeyError(
    `The newer archive ${locked.name} is encrypted, and no key of MEMORY_ARCHIVE_KEY opens it, so the newest archive of "${group}" is unknown. Add the key with which it was written, or name the archive to use.`,
  );
}

/**
 * The manifest of the archive with this name, with or without extension and folder, or of the group's newest archive.
 * @throws InvalidInputError when there is none; ArchiveDamagedError when its manifest cannot be read; ArchiveKeyError when no key opens it;
 *         ConfigError, ArchiveUnavailableError
 */
export async function findManifest(store: ArchiveStore, fileOrLatest: string, group: string): Promise<Manifest> {
  if (checkText(fileOrLatest, "The archive's name") === 'latest') {
    const [newest] = await archivesOf(store, group);
    if (newest) return newest.manifest;
    throw new InvalidInputError(`There is no archive of the memory "${group}" in ${store.location}.`);
  }
  const base = fileOrLatest.slice(fileOrLatest.lastIndexOf('/') + 1);
  const files = await store.list(archiveStem(base));
  const manifest = files.find(({ name }) => isManifest(name) && archiveStem(name) === archiveStem(base));
  if (manifest) return readManifest(store, manifest.name);
  const isThere = files.some((file) => file.name === base);
  throw new InvalidInputError(
    isThere
      ? `${base} has no manifest, so it is not a complete archive: its export did not finish.`
      : `There is no archive "${base}" in ${store.location}; \`memory-manager archive list\` shows all.`,
  );
}

/** Leftovers are distinguished from running exports by their age. */
export const isLeftover = ({ at }: ListedFile, now: Date): boolean => at.getTime() < now.getTime() - STALE_AFTER;

const shape = z.object({
  format: z.literal('memory-manager-verified'),
  file: z.string(),
  sha256: z.string(),
  verified_at: z.iso.datetime(),
  /** The last successful restore test; null for none. */
  restored_at: z.nullable(z.iso.datetime()),
});

/** A note next to an archive: when the archive was found intact. */
export type VerifiedNote = z.output<typeof shape>;

export const verifiedName = (file: string): string => companionName(file, '.verified.json');

/** Stores the note, and keeps the time of the last restore test. */
export async function recordVerification(
  store: ArchiveStore,
  { file, sha256 }: Manifest,
  { restored, now }: { restored: boolean; now: Date },
): Promise<VerifiedNote> {
  const before = restored ? undefined : await readVerified(store, file, sha256);
  const note: VerifiedNote = {
    format: 'memory-manager-verified',
    file,
    sha256,
    verified_at: now.toISOString(),
    restored_at: restored ? now.toISOString() : (before?.restored_at ?? null),
  };
  await store.put(verifiedName(file), chunksOf(`${JSON.stringify(note, null, 2)}\n`));
  return note;
}

/** Undefined when the archive was never found intact, or has been replaced since. */
export async function readVerified(
  store: ArchiveStore,
  file: string,
  sha256: string,
): Promise<VerifiedNote | undefined> {
  const name = verifiedName(file);
  // Listed first, since an unreachable store must not look like one without the file.
  if (!(await store.list(name)).some((listed) => listed.name === name)) return undefined;
  const parsed = shape.safeParse(parseJson(await readSmallFile(store, name)));
  return parsed.success && parsed.data.sha256 === sha256 ? parsed.data : undefined;
}

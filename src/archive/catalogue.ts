import { ArchiveDamaged, InvalidInput } from '../errors.ts';
import { checkText } from '../text.ts';
import { isArchive, isManifest, type Manifest, manifestName, readManifest, stem } from './manifest.ts';
import { STALE } from './stores/names.ts';
import type { ArchiveStore, Listed } from './stores/store.ts';
import { readVerified, type Verified, verifiedName } from './verified.ts';

/** An archive with its manifest. */
export interface Archive {
  readonly manifest: Manifest;
  readonly verified: Verified | undefined;
}

export interface Catalogue {
  /** Newest first. */
  readonly archives: readonly Archive[];
  readonly incomplete: readonly Incomplete[];
}

/** A file that makes no archive: of an export under way, of what was broken off, or damaged. */
export interface Incomplete extends Listed {
  readonly why: 'its manifest is missing' | 'it cannot be read' | 'its archive is gone';
  /** Of one whose archive is gone. */
  readonly manifest?: Manifest;
}

const BEGINNING = 'graphiti_export_';
const AT_ONCE = 8;

/** All archives of a store. @param group only this group's @throws ConfigError, ArchiveAway */
export async function readCatalogue(store: ArchiveStore, group?: string): Promise<Catalogue> {
  const files = await store.list(BEGINNING);
  const names = new Map(files.map((file) => [file.name, file]));
  const archives: Archive[] = [];
  const incomplete: Incomplete[] = files
    .filter(({ name }) => isArchive(name) && !names.has(manifestName(name)))
    .map((listed) => ({ ...listed, why: 'its manifest is missing' }));
  const manifests = files.filter(({ name }) => isManifest(name));
  for (let from = 0; from < manifests.length; from += AT_ONCE)
    await Promise.all(
      manifests.slice(from, from + AT_ONCE).map(async (listed) => {
        const manifest = await readable(store, listed.name);
        if (!manifest) incomplete.push({ ...listed, why: 'it cannot be read' });
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

async function readable(store: ArchiveStore, name: string): Promise<Manifest | undefined> {
  try {
    return await readManifest(store, name);
  } catch (error) {
    // Another process removed it, or it is damaged; both make no archive.
    if (error instanceof ArchiveDamaged || error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/**
 * The manifest of the archive of that name, with or without its ending or the folder before it, or of the newest one of the group.
 * @throws InvalidInput when there is none; ArchiveDamaged when its manifest cannot be read; ConfigError, ArchiveAway
 */
export async function findManifest(store: ArchiveStore, fileOrLatest: string, group: string): Promise<Manifest> {
  if (checkText(fileOrLatest, "The archive's name") === 'latest') {
    const [newest] = (await readCatalogue(store, group)).archives;
    if (newest) return newest.manifest;
    throw new InvalidInput(`There is no archive of the memory "${group}" in ${store.place}.`);
  }
  const base = fileOrLatest.slice(fileOrLatest.lastIndexOf('/') + 1);
  const name = manifestName(stem(base));
  const files = await store.list(stem(base));
  if (files.some((file) => file.name === name)) return readManifest(store, name);
  const isThere = files.some((file) => file.name === base);
  throw new InvalidInput(
    isThere
      ? `${base} has no manifest, so it is no whole archive: its export never came to an end.`
      : `There is no archive "${base}" in ${store.place}; \`memory-manager archive list\` shows all.`,
  );
}

/** Leftovers are told from exports under way by their age. */
export const isLeftover = ({ at }: Listed, now: Date): boolean => at.getTime() < now.getTime() - STALE;

import * as z from 'zod/mini';
import { ArchiveDamagedError, InvalidInputError } from '../errors.ts';
import { checkText } from '../text.ts';
import {
  isArchive,
  isManifest,
  type Manifest,
  manifestName,
  pieces,
  readManifest,
  readSmall,
  stem,
} from './manifest.ts';
import { type ArchiveStore, type Listed, STALE } from './stores/store.ts';

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

/** A file that is no complete archive: of a running or aborted export, or damaged. */
export interface Incomplete extends Listed {
  readonly why: 'its manifest is missing' | 'it cannot be read' | 'its archive is gone';
  /** The manifest of a missing archive. */
  readonly manifest?: Manifest;
}

const BEGINNING = 'graphiti_export_';
const AT_ONCE = 8;

/** All archives of a store. @param group only this group's @throws ConfigError, ArchiveUnavailableError */
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
    if (error instanceof ArchiveDamagedError || error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

/**
 * The manifest of the archive of that name, with or without its ending or the folder before it, or of the newest one of the group.
 * @throws InvalidInputError when there is none; ArchiveDamagedError when its manifest cannot be read; ConfigError, ArchiveUnavailableError
 */
export async function findManifest(store: ArchiveStore, fileOrLatest: string, group: string): Promise<Manifest> {
  if (checkText(fileOrLatest, "The archive's name") === 'latest') {
    const [newest] = (await readCatalogue(store, group)).archives;
    if (newest) return newest.manifest;
    throw new InvalidInputError(`There is no archive of the memory "${group}" in ${store.place}.`);
  }
  const base = fileOrLatest.slice(fileOrLatest.lastIndexOf('/') + 1);
  const name = manifestName(stem(base));
  const files = await store.list(stem(base));
  if (files.some((file) => file.name === name)) return readManifest(store, name);
  const isThere = files.some((file) => file.name === base);
  throw new InvalidInputError(
    isThere
      ? `${base} has no manifest, so it is no whole archive: its export never came to an end.`
      : `There is no archive "${base}" in ${store.place}; \`memory-manager archive list\` shows all.`,
  );
}

/** Leftovers are distinguished from running exports by their age. */
export const isLeftover = ({ at }: Listed, now: Date): boolean => at.getTime() < now.getTime() - STALE;

const shape = z.object({
  format: z.literal('memory-manager-verified'),
  file: z.string(),
  sha256: z.string(),
  verified_at: z.iso.datetime(),
  /** When it was restored on trial last; null for never. */
  restored_at: z.nullable(z.iso.datetime()),
});

/** A note beside an archive that it was found whole. */
export type Verified = z.output<typeof shape>;

export const verifiedName = (file: string): string => `${stem(file)}.verified.json`;

/** Notes it, keeping when it was last restored. */
export async function noteVerified(
  store: ArchiveStore,
  { file, sha256 }: Manifest,
  { restored, now }: { restored: boolean; now: Date },
): Promise<Verified> {
  const before = restored ? undefined : await readVerified(store, file, sha256);
  const note: Verified = {
    format: 'memory-manager-verified',
    file,
    sha256,
    verified_at: now.toISOString(),
    restored_at: restored ? now.toISOString() : (before?.restored_at ?? null),
  };
  await store.put(verifiedName(file), pieces(`${JSON.stringify(note, null, 2)}\n`));
  return note;
}

/** Undefined when the archive was never found whole, or is another one since. */
export async function readVerified(store: ArchiveStore, file: string, sha256: string): Promise<Verified | undefined> {
  const name = verifiedName(file);
  // Listed first, since an unreachable store must not look like one without the file.
  if (!(await store.list(name)).some((it) => it.name === name)) return undefined;
  const parsed = shape.safeParse(parse(await readSmall(store, name)));
  return parsed.success && parsed.data.sha256 === sha256 ? parsed.data : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

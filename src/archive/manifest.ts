import { hash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { ArchiveDamagedError } from '../errors.ts';
import type { ArchiveStore } from './stores/archive-store.ts';
import { ENCRYPTED, isEncrypted } from './stores/encrypted.ts';

/** The origin of an archive, from its manifest; earlier releases did not store it. */
export const originShape = z.object({
  by: z.enum(['hand', 'night']),
  /** `installationId` of the Valkey whose worker wrote it. */
  installation: z.string(),
});
export type ArchiveOrigin = z.output<typeof originShape>;

/**
 * The id of an installation: all programs that share a Valkey and a queue prefix. It is created at the first use. A Valkey that lost its data
 * gets a new id, so that earlier archives count as those of another installation. Then too many archives are kept, but none is lost.
 */
export async function installationId(valkey: Redis, prefix: string): Promise<string> {
  const key = `${prefix}:installation`;
  await valkey.set(key, randomUUID(), 'NX');
  return (await valkey.get(key)) ?? installationId(valkey, prefix);
}

/** Why a prune must leave an archive alone; undefined for a nightly archive of this installation. */
export function skipReason(origin: ArchiveOrigin | undefined, installation: string): string | undefined {
  if (!origin) return 'its release did not note whether it was made by hand';
  if (origin.installation !== installation) return 'it is of another installation';
  return origin.by === 'hand' ? 'it was made by hand' : undefined;
}

/** The package's version, from the nearest `package.json` above this file (sources and the build are at different depths). */
export function programVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

export const MANIFEST_VERSION = 1;
/** The maximum length of a manifest; a longer file is not a manifest. */
const LONGEST = 1_000_000;

const count = z.int().check(z.nonnegative());
/** More dimensions than FalkorDB indexes well. */
const dimension = z.int().check(z.minimum(1), z.maximum(65_536));
const counts = z.record(z.string(), count);
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const time = z.nullable(z.string());

const shape = z.object({
  format: z.literal('memory-manager-manifest'),
  version: z.literal(MANIFEST_VERSION),
  /** The version of the program that wrote it. */
  program: z.string(),
  created_at: z.iso.datetime(),
  group: z.string(),
  file: z.string(),
  origin: z.optional(originShape),
  /** The size of the stored file, before encryption. */
  bytes: count,
  sha256,
  /** The size and hash of the JSON, if the file is compressed. */
  json: z.nullable(z.object({ bytes: count, sha256 })),
  counts: z.object({ nodes: count, edges: count, labels: counts, types: counts }),
  /** See inventory.ts. */
  graph_hash: z.object({ exact: sha256, timeless: sha256, vectorless: sha256 }),
  embedder: z.nullable(z.object({ model: z.string(), dimension })),
  journal: z.object({
    /** By Valkey's clock: every commit until then is in the archive, and none after. */
    until: z.iso.datetime(),
    /** Id of the last journal entry that the archive contains, `0-0` for none. Older programs did not store it. */
    position: z.optional(z.string().check(z.regex(/^\d{1,15}-\d{1,15}$/))),
    committed_at: time,
    removed_at: time,
    committed: count,
    open: count,
  }),
});

/**
 * Describes an archive, and is written next to it once it is complete. A file without a manifest is no archive. The manifest of an
 * encrypted archive is encrypted itself, since names of groups and types, counts and hashes say something about the memory.
 */
export type Manifest = z.output<typeof shape>;

const ENDING = '.manifest.json';
const FILE = /^graphiti_export_[\w.-]+?\.json(\.gz)?(\.age)?$/;

/** `graphiti_export_…` without extensions: the common part of the names of an archive, its manifest and its verification note. */
export const archiveStem = (name: string): string => name.replace(/(\.manifest|\.verified)?\.json(\.gz)?(\.age)?$/, '');
export const manifestName = (file: string): string => companionName(file, ENDING);
/** The name of a file next to an archive, which is encrypted if the archive is. */
export const companionName = (file: string, ending: string): string =>
  archiveStem(file) + ending + (isEncrypted(file) ? ENCRYPTED : '');
export const isManifest = (name: string): boolean => FILE.test(name) && /\.manifest\.json(\.age)?$/.test(name);
export const isVerifiedNote = (name: string): boolean => FILE.test(name) && /\.verified\.json(\.age)?$/.test(name);
export const isArchive = (name: string): boolean => FILE.test(name) && !isManifest(name) && !isVerifiedNote(name);

export async function writeManifest(store: ArchiveStore, manifest: Manifest): Promise<void> {
  const signed = { ...manifest, checksum: checksum(manifest) };
  await store.put(manifestName(manifest.file), chunksOf(`${JSON.stringify(signed, null, 2)}\n`));
}

/** Over everything else in the manifest, so that a wrong byte in the manifest itself is found too. */
const checksum = (manifest: object): string => hash('sha256', JSON.stringify(manifest));

/**
 * @throws InvalidInputError when there is none; ArchiveDamagedError when it cannot be read; ArchiveKeyError when no key opens it;
 *         ConfigError, ArchiveUnavailableError
 */
export async function readManifest(store: ArchiveStore, name: string): Promise<Manifest> {
  const text = await readSmallFile(store, name);
  try {
    const { checksum: noted, ...manifest } = JSON.parse(text) as Manifest & { checksum: string };
    const isRight = noted === checksum(manifest) && manifestName(shape.parse(manifest).file) === name;
    if (isRight && isArchive(manifest.file)) return manifest;
  } catch (error) {
    throw unreadable(name, error);
  }
  throw unreadable(name);
}

function unreadable(name: string, cause?: unknown): ArchiveDamagedError {
  return new ArchiveDamagedError(`The manifest ${name} cannot be read; its archive cannot be trusted.`, { cause });
}

/** @throws ArchiveDamagedError for a file that is too long to be small */
export async function readSmallFile(store: ArchiveStore, name: string): Promise<string> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of store.get(name)) {
    bytes += piece.length;
    if (bytes > LONGEST) throw unreadable(name);
    read.push(piece);
  }
  return Buffer.concat(read).toString();
}

export async function* chunksOf(text: string): AsyncGenerator<string> {
  yield text;
}

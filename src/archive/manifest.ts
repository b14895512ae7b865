import { hash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { ArchiveDamagedError } from '../errors.ts';
import type { ArchiveStore } from './stores/store.ts';

/** The origin of an archive, from its manifest; earlier releases did not store it. */
export const originShape = z.object({
  by: z.enum(['hand', 'night']),
  /** `installationId` of the Valkey whose worker wrote it. */
  installation: z.string(),
});
export type Origin = z.output<typeof originShape>;

/**
 * The id of all that shares one Valkey and queue prefix, made at its first use. A Valkey that lost its data gets another one, so that
 * archives of before count as another installation's: then too many are kept, and none is lost.
 */
export async function installationId(valkey: Redis, prefix: string): Promise<string> {
  const key = `${prefix}:installation`;
  await valkey.set(key, randomUUID(), 'NX');
  return (await valkey.get(key)) ?? installationId(valkey, prefix);
}

/** Why a prune must leave an archive alone; undefined for a nightly archive of this installation. */
export function foreignBecause(origin: Origin | undefined, installation: string): string | undefined {
  if (!origin) return 'its release did not note whether it was made by hand';
  if (origin.installation !== installation) return 'it is of another installation';
  return origin.by === 'hand' ? 'it was made by hand' : undefined;
}

/** The package's version, from the nearest `package.json` above this file (sources and the build lie at other depths). */
export function programVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

export const MANIFEST_VERSION = 1;
/** The largest manifest; a longer file is none. */
const LONGEST = 1_000_000;

const count = z.int().check(z.nonnegative());
/** More numbers than any vector has that FalkorDB indexes well. */
const dimension = z.int().check(z.minimum(1), z.maximum(65_536));
const counts = z.record(z.string(), count);
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const time = z.nullable(z.string());

const shape = z.object({
  format: z.literal('memory-manager-manifest'),
  version: z.literal(MANIFEST_VERSION),
  /** Of the program that wrote it. */
  program: z.string(),
  created_at: z.iso.datetime(),
  group: z.string(),
  file: z.string(),
  origin: z.optional(originShape),
  /** Of the file as it is stored. */
  bytes: count,
  sha256,
  /** Of the JSON, where the file is compressed. */
  json: z.nullable(z.object({ bytes: count, sha256 })),
  counts: z.object({ nodes: count, edges: count, labels: counts, types: counts }),
  /** See inventory.ts. */
  graph_hash: z.object({ exact: sha256, timeless: sha256, vectorless: sha256 }),
  embedder: z.nullable(z.object({ model: z.string(), dimension })),
  journal: z.object({
    /** By Valkey's clock: every commit until then is in the archive, and none after. */
    until: z.iso.datetime(),
    /** Id of the last entry of the journal that the archive holds, `0-0` for none; older programs did not note it. */
    position: z.optional(z.string().check(z.regex(/^\d{1,15}-\d{1,15}$/))),
    committed_at: time,
    removed_at: time,
    committed: count,
    open: count,
  }),
});

/** What an archive must be, written beside it when it stands as a whole. A file without one is no archive. */
export type Manifest = z.output<typeof shape>;

const ENDING = '.manifest.json';
const FILE = /^graphiti_export_[\w.-]+?\.json(\.gz)?$/;

/** `graphiti_export_…` without its endings: what archive, manifest and note of verification have in common. */
export const stem = (name: string): string => name.replace(/(\.manifest|\.verified)?\.json(\.gz)?$/, '');
export const manifestName = (file: string): string => stem(file) + ENDING;
export const isManifest = (name: string): boolean => FILE.test(name) && name.endsWith(ENDING);
export const isVerifiedNote = (name: string): boolean => FILE.test(name) && name.endsWith('.verified.json');
export const isArchive = (name: string): boolean => FILE.test(name) && !isManifest(name) && !isVerifiedNote(name);

export async function writeManifest(store: ArchiveStore, manifest: Manifest): Promise<void> {
  const signed = { ...manifest, checksum: checksum(manifest) };
  await store.put(manifestName(manifest.file), pieces(`${JSON.stringify(signed, null, 2)}\n`));
}

/** Of everything else in the manifest, so that a wrong byte in itself is found too. */
const checksum = (manifest: object): string => hash('sha256', JSON.stringify(manifest));

/** @throws InvalidInputError when there is none; ArchiveDamagedError when it cannot be read; ConfigError, ArchiveUnavailableError */
export async function readManifest(store: ArchiveStore, name: string): Promise<Manifest> {
  const text = await readSmall(store, name);
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
export async function readSmall(store: ArchiveStore, name: string): Promise<string> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of store.get(name)) {
    bytes += piece.length;
    if (bytes > LONGEST) throw unreadable(name);
    read.push(piece);
  }
  return Buffer.concat(read).toString();
}

export async function* pieces(text: string): AsyncGenerator<string> {
  yield text;
}

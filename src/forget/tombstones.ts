import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import type { ArchiveStore } from '../archive/stores/archive-store.ts';
import { ENCRYPTED } from '../archive/stores/encrypted.ts';
import { derivedUuid } from '../derived-uuid.ts';
import { ArchiveDamagedError, InvalidInputError } from '../errors.ts';
import { canonicalKey } from '../ingest/name-keys.ts';
import { day } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';
import type { ForgetPlan } from './plan.ts';

/**
 * The tombstones of a group, without any of the forgotten text: `episode <uuid>`, `entity <uuid>`, `fact <source> <target> <uuid
 * derived from its text>`, `group` for the whole memory, or `redacted` for the last time when its secrets were masked, each with the time by Valkey's clock in milliseconds since 1970.
 */
export type Tombstones = ReadonlyMap<string, number>;

const LIST = 'memory-manager-forgotten';
const shape = z.object({ format: z.literal(LIST), version: z.literal(1), marks: z.record(z.string(), z.number()) });

const fileOf = (group: string) => `forgotten_${group}.json`;

export const GROUP_TOMBSTONE = 'group';
export const REDACTED_TOMBSTONE = 'redacted';
export const episodeTombstone = (uuid: string): string => `episode ${uuid}`;
export const entityTombstone = (uuid: string): string => `entity ${uuid}`;
export const factTombstone = (source: string, target: string, fact: string): string =>
  `fact ${source} ${target} ${derivedUuid('words', canonicalKey(fact))}`;

/** @param entities uuids of the targets only; entities that were removed with others may be learnt again */
export function tombstonesOf({ changes, claims }: ForgetPlan, entities: readonly string[], at: number): Tombstones {
  const names = [
    ...changes.removedEpisodes.map(({ uuid }) => episodeTombstone(uuid)),
    ...entities.map(entityTombstone),
    ...claims.map(({ source, target, fact }) => factTombstone(source, target, fact)),
  ];
  return new Map(names.map((name) => [name, at]));
}

export async function storeTombstones(valkey: Redis, group: string, tombstones: Tombstones): Promise<void> {
  if (tombstones.size > 0) await valkey.hset(groupKey(valkey, 'forgotten', group), Object.fromEntries(tombstones));
}

export async function isForgotten(valkey: Redis, group: string, episode: string): Promise<boolean> {
  return (await valkey.hexists(groupKey(valkey, 'forgotten', group), episodeTombstone(episode))) === 1;
}

export async function readTombstones(valkey: Redis, group: string): Promise<Tombstones> {
  const noted = await valkey.hgetall(groupKey(valkey, 'forgotten', group));
  // Without a readable time it counts as forgotten just now.
  return new Map(Object.entries(noted).map(([name, at]) => [name, isTime(at) ? Number(at) : Date.now()]));
}

const isTime = (text: string): boolean => /^\d{1,15}$/.test(text);

interface ArchivedTombstones {
  readonly tombstones: Tombstones;
  /** True when some may be missing; the readable ones are included. */
  readonly isDamaged: boolean;
}

/** Reads the plain note and the encrypted one: each may have been written while the other kind was chosen. */
export async function readArchivedTombstones(store: ArchiveStore, group: string): Promise<ArchivedTombstones> {
  const listed = await store.list(fileOf(group));
  const names = [fileOf(group), fileOf(group) + ENCRYPTED].filter((name) => listed.some((file) => file.name === name));
  let all: ArchivedTombstones = { tombstones: new Map(), isDamaged: false };
  for (const name of names) {
    const pieces: Uint8Array[] = [];
    for await (const piece of store.get(name)) pieces.push(piece);
    const read = parseTombstones(Buffer.concat(pieces).toString());
    all = {
      tombstones: mergeTombstones(all.tombstones, read.tombstones),
      isDamaged: all.isDamaged || read.isDamaged,
    };
  }
  return all;
}

/** A tombstone in the text of a file, also of a file that is damaged elsewhere. */
const TOMBSTONE = /"(group|redacted|(?:episode|entity|fact) [0-9a-f -]{36,110})":(\d{1,15})(?=[,}])/g;

export function parseTombstones(text: string): ArchivedTombstones {
  try {
    return { tombstones: new Map(Object.entries(shape.parse(JSON.parse(text)).marks)), isDamaged: false };
  } catch {
    const tombstones = Array.from(text.matchAll(TOMBSTONE), ([, name = '', at]) => [name, Number(at)] as const);
    return { tombstones: new Map(tombstones), isDamaged: true };
  }
}

/**
 * All tombstones, from beside the archives and from Valkey; either copy may have been lost.
 * @throws ArchiveDamagedError when the file beside the archives is damaged and Valkey lacks some of its readable tombstones; ConfigError, ArchiveUnavailableError
 */
export async function allTombstones(store: ArchiveStore, valkey: Redis, group: string): Promise<Tombstones> {
  const [{ tombstones, isDamaged }, noted] = [
    await readArchivedTombstones(store, group),
    await readTombstones(valkey, group),
  ];
  if (!isDamaged || (noted.size > 0 && [...tombstones.keys()].every((name) => noted.has(name))))
    return mergeTombstones(tombstones, noted);
  throw new ArchiveDamagedError(
    `The list of forgotten items beside the archives (${fileOf(group)}) is damaged, and Valkey does not have all of these items, so forgotten content might return. Put back an older copy of the file, or remove the file to continue without it.`,
  );
}

/**
 * Refuses an archive of a memory that was forgotten as a whole after the archive was made.
 * @throws InvalidInputError; ArchiveDamagedError, ConfigError, ArchiveUnavailableError
 */
export async function checkNotForgotten(
  store: ArchiveStore,
  valkey: Redis,
  { file, group, journal }: { readonly file: string; readonly group: string; readonly journal: { until: string } },
): Promise<void> {
  const at = (await allTombstones(store, valkey, group)).get(GROUP_TOMBSTONE);
  if (at === undefined || at <= new Date(journal.until).getTime()) return;
  throw new InvalidInputError(
    `${file} is older than the deletion of the memory "${group}" on ${day(new Date(at))}, so nothing of it is restored.`,
  );
}

/**
 * Writes all tombstones beside the archives, so that they survive the loss of Valkey; a damaged file is replaced. Called under the
 * group's lease, by one process at a time.
 */
export async function archiveTombstones(store: ArchiveStore, group: string, tombstones: Tombstones): Promise<void> {
  const { tombstones: archived, isDamaged } = await readArchivedTombstones(store, group);
  const all = mergeTombstones(archived, tombstones);
  const isKnown = all.size === archived.size && [...tombstones].every(([name, at]) => archived.get(name) === at);
  if (isKnown && !isDamaged) return;
  const name = store.encrypts ? fileOf(group) + ENCRYPTED : fileOf(group);
  await store.put(name, text({ format: LIST, version: 1, group, marks: Object.fromEntries(all) }));
  // This note includes the content of the other note.
  await store.remove(store.encrypts ? fileOf(group) : fileOf(group) + ENCRYPTED);
}

/** The union, with the later time of each. */
export function mergeTombstones(one: Tombstones, other: Tombstones): Tombstones {
  const all = new Map(one);
  for (const [name, at] of other) all.set(name, Math.max(at, all.get(name) ?? 0));
  return all;
}

async function* text(value: object): AsyncGenerator<string> {
  yield JSON.stringify(value);
}

import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import type { ArchiveStore } from '../archive/stores/store.ts';
import { derivedUuid } from '../derived-uuid.ts';
import { ArchiveDamaged } from '../errors.ts';
import { sameKey } from '../ingest/names.ts';
import { groupKey } from '../valkey/keys.ts';
import type { WorkedOut } from './plan.ts';

/**
 * What was forgotten, without any word of it: `episode <uuid>`, `entity <uuid>` or `fact <source> <target> <uuid made of its
 * words>`, each with the time by Valkey's clock in milliseconds since 1970.
 */
export type Marks = ReadonlyMap<string, number>;

const LIST = 'memory-manager-forgotten';
const shape = z.object({ format: z.literal(LIST), version: z.literal(1), marks: z.record(z.string(), z.number()) });

const fileOf = (group: string) => `forgotten_${group}.json`;

export const episodeMark = (uuid: string): string => `episode ${uuid}`;
export const entityMark = (uuid: string): string => `entity ${uuid}`;
export const factMark = (source: string, target: string, fact: string): string =>
  `fact ${source} ${target} ${derivedUuid('words', sameKey(fact))}`;

/** @param entities uuids of those that were named to be forgotten; what went with others may be learnt again */
export function marksOf({ changes, claims }: WorkedOut, entities: readonly string[], at: number): Marks {
  const names = [
    ...changes.removedEpisodes.map(({ uuid }) => episodeMark(uuid)),
    ...entities.map(entityMark),
    ...claims.map(({ source, target, fact }) => factMark(source, target, fact)),
  ];
  return new Map(names.map((name) => [name, at]));
}

export async function noteMarks(valkey: Redis, group: string, marks: Marks): Promise<void> {
  if (marks.size > 0) await valkey.hset(groupKey(valkey, 'forgotten', group), Object.fromEntries(marks));
}

export async function isForgotten(valkey: Redis, group: string, episode: string): Promise<boolean> {
  return (await valkey.hexists(groupKey(valkey, 'forgotten', group), episodeMark(episode))) === 1;
}

export async function readMarks(valkey: Redis, group: string): Promise<Marks> {
  const noted = await valkey.hgetall(groupKey(valkey, 'forgotten', group));
  // Without a time that can be read it counts as forgotten just now.
  return new Map(Object.entries(noted).map(([name, at]) => [name, isTime(at) ? Number(at) : Date.now()]));
}

const isTime = (text: string): boolean => /^\d{1,15}$/.test(text);

interface ArchivedMarks {
  readonly marks: Marks;
  /** Some may be missing; those that can be read are there. */
  readonly isDamaged: boolean;
}

export async function readArchived(store: ArchiveStore, group: string): Promise<ArchivedMarks> {
  const name = fileOf(group);
  if (!(await store.list(name)).some((file) => file.name === name)) return { marks: new Map(), isDamaged: false };
  const pieces: Uint8Array[] = [];
  for await (const piece of store.get(name)) pieces.push(piece);
  return readNote(Buffer.concat(pieces).toString());
}

/** A mark in the text of a note, also of one that was cut or damaged somewhere else. */
const MARK = /"((?:episode|entity|fact) [0-9a-f -]{36,110})":(\d{1,15})(?=[,}])/g;

export function readNote(text: string): ArchivedMarks {
  try {
    return { marks: new Map(Object.entries(shape.parse(JSON.parse(text)).marks)), isDamaged: false };
  } catch {
    const marks = Array.from(text.matchAll(MARK), ([, mark = '', at]) => [mark, Number(at)] as const);
    return { marks: new Map(marks), isDamaged: true };
  }
}

/**
 * All that was forgotten, as it is noted beside the archives and in Valkey; the one may have been lost.
 * @throws ArchiveDamaged when the note beside the archives cannot be read and Valkey does not know all that can; ConfigError, ArchiveAway
 */
export async function allMarks(store: ArchiveStore, valkey: Redis, group: string): Promise<Marks> {
  const [{ marks, isDamaged }, noted] = [await readArchived(store, group), await readMarks(valkey, group)];
  if (!isDamaged || (noted.size > 0 && [...marks.keys()].every((mark) => noted.has(mark)))) return joined(marks, noted);
  throw new ArchiveDamaged(
    `The note ${fileOf(group)} beside the archives is damaged, and Valkey does not know all that was forgotten, so that it might come back. Put back an older copy of the note, or remove it to go on without.`,
  );
}

/**
 * Puts all that is noted beside the archives, so that it is known when Valkey is lost; one that was damaged is written anew. Under
 * the group's lease: one at a time.
 */
export async function archiveMarks(store: ArchiveStore, group: string, marks: Marks): Promise<void> {
  const { marks: known, isDamaged } = await readArchived(store, group);
  const all = joined(known, marks);
  const isKnown = all.size === known.size && [...marks].every(([name, at]) => known.get(name) === at);
  if (isKnown && !isDamaged) return;
  await store.put(fileOf(group), text({ format: LIST, version: 1, group, marks: Object.fromEntries(all) }));
}

/** Of both the later time. */
export function joined(one: Marks, other: Marks): Marks {
  const all = new Map(one);
  for (const [name, at] of other) all.set(name, Math.max(at, all.get(name) ?? 0));
  return all;
}

async function* text(value: object): AsyncGenerator<string> {
  yield JSON.stringify(value);
}

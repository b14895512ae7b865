import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import type { ArchiveStore } from '../archive/stores/store.ts';
import { derivedUuid } from '../derived-uuid.ts';
import { sameKey } from '../ingest/names.ts';
import type { WorkedOut } from './work-out.ts';

/**
 * What was forgotten, without any word of it: `episode <uuid>`, `entity <uuid>` or `fact <source> <target> <uuid made of its
 * words>`, each with the time by Valkey's clock in milliseconds since 1970.
 */
export type Marks = ReadonlyMap<string, number>;

const LIST = 'memory-manager-forgotten';
const shape = z.object({ format: z.literal(LIST), version: z.literal(1), marks: z.record(z.string(), z.number()) });

const marksKey = (group: string) => `forgotten:{${group}}`;
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
  if (marks.size > 0) await valkey.hset(marksKey(group), Object.fromEntries(marks));
}

export async function isForgotten(valkey: Redis, group: string, episode: string): Promise<boolean> {
  return (await valkey.hexists(marksKey(group), episodeMark(episode))) === 1;
}

export async function readMarks(valkey: Redis, group: string): Promise<Marks> {
  const noted = await valkey.hgetall(marksKey(group));
  return new Map(Object.entries(noted).map(([name, at]) => [name, Number(at)]));
}

/** Those that lie beside the archives; none where nothing was ever forgotten. @throws ConfigError, ArchiveAway */
export async function archivedMarks(store: ArchiveStore, group: string): Promise<Marks> {
  const name = fileOf(group);
  if (!(await store.list(name)).some((file) => file.name === name)) return new Map();
  const pieces: Uint8Array[] = [];
  for await (const piece of store.get(name)) pieces.push(piece);
  return new Map(Object.entries(shape.parse(JSON.parse(Buffer.concat(pieces).toString())).marks));
}

/** Puts all that is noted beside the archives, so that it is known when Valkey is lost. Under the group's lease: one at a time. */
export async function archiveMarks(store: ArchiveStore, group: string, marks: Marks): Promise<void> {
  const known = await archivedMarks(store, group);
  const all = Object.fromEntries(joined(known, marks));
  if (Object.keys(all).length === known.size && [...marks].every(([name, at]) => known.get(name) === at)) return;
  await store.put(fileOf(group), text({ format: LIST, version: 1, group, marks: all }));
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

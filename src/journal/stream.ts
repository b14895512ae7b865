import type { Redis } from 'ioredis';
import type { JournalKey } from '../settings.ts';
import { groupKey } from '../valkey/keys.ts';
import { type JournalEntry, type NewEntry, type PackedEntry, packEntry, unpackEntry } from './entry.ts';
import { hmacOf } from './hmac.ts';

/** An entry has a few kilobytes, and at most some megabytes. */
const BATCH_SIZE = 16;

/** The stream in Valkey that holds a group's journal. */
export const journalKey = (valkey: Redis, group: string): string => groupKey(valkey, 'journal', group);

/** `0-0` for none. */
export async function lastId(valkey: Redis, group: string): Promise<string> {
  const [last] = await valkey.xrevrange(journalKey(valkey, group), '+', '-', 'COUNT', 1);
  return last?.[0] ?? '0-0';
}

/** An entry as stored in Valkey. */
export interface StoredEntry {
  readonly id: string;
  readonly fields: readonly Buffer[];
  readonly packed: PackedEntry;
  readonly hmac: Buffer | undefined;
  /** Undefined for an entry that cannot be read. */
  readonly entry: NewEntry | undefined;
}

export async function* storedEntriesOf(
  valkey: Redis,
  group: string,
  after = '0-0',
  until = '+',
): AsyncGenerator<StoredEntry> {
  for (let from = after; ; ) {
    const page = await valkey.xrangeBuffer(journalKey(valkey, group), `(${from}`, until, 'COUNT', BATCH_SIZE);
    for (const [id, fields] of page) {
      from = id.toString();
      yield storedEntry(from, fields);
    }
    if (page.length < BATCH_SIZE) return;
  }
}

/** Id of the entry of a fenced change, searched from the end of the journal; undefined if the journal does not have it. */
export async function findLatestChange(valkey: Redis, group: string, changeId: string): Promise<string | undefined> {
  for (let until = '+'; ; ) {
    const page = await valkey.xrevrangeBuffer(journalKey(valkey, group), until, '-', 'COUNT', BATCH_SIZE);
    for (const [id, fields] of page) {
      until = `(${id}`;
      if (storedEntry(String(id), fields).entry?.params.mark === changeId) return String(id);
    }
    if (page.length < BATCH_SIZE) return undefined;
  }
}

/** All readable entries, authentic or not: for callers that only inspect them. */
export async function* entriesOf(
  valkey: Redis,
  group: string,
  after?: string,
  until?: string,
): AsyncGenerator<JournalEntry> {
  for await (const { id, entry } of storedEntriesOf(valkey, group, after, until)) if (entry) yield { id, ...entry };
}

/** @param key signs the entry, if there is one */
export function entryFields(group: string, entry: NewEntry, key: JournalKey | undefined): (string | Buffer)[] {
  const packed = packEntry(entry);
  const { text, vectors } = packed;
  const fields = vectors.length > 0 ? ['entry', text, 'vectors', vectors] : ['entry', text];
  return key ? [...fields, 'code', hmacOf(group, packed, key)] : fields;
}

function storedEntry(id: string, fields: readonly Buffer[]): StoredEntry {
  const named = new Map<string, Buffer>();
  for (let place = 0; place + 1 < fields.length; place += 2)
    named.set(String(fields[place]), fields[place + 1] as Buffer);
  const packed = { text: String(named.get('entry') ?? ''), vectors: named.get('vectors') ?? Buffer.of() };
  return { id, fields, packed, hmac: named.get('code'), entry: tryUnpack(packed) };
}

function tryUnpack(packed: PackedEntry): NewEntry | undefined {
  try {
    return unpackEntry(packed);
  } catch {
    return undefined;
  }
}

import type { Redis } from 'ioredis';
import { groupKey } from '../valkey/keys.ts';
import { type JournalEntry, type NewEntry, pack, unpack } from './entry.ts';

/** An entry has a few kilobytes, and at most some megabytes. */
const AT_ONCE = 16;

/** The stream in Valkey that holds a group's journal. */
export const journalKey = (valkey: Redis, group: string): string => groupKey(valkey, 'journal', group);

/** `0-0` for none. */
export async function lastId(valkey: Redis, group: string): Promise<string> {
  const [last] = await valkey.xrevrange(journalKey(valkey, group), '+', '-', 'COUNT', 1);
  return last?.[0] ?? '0-0';
}

export async function* entriesOf(
  valkey: Redis,
  group: string,
  after = '0-0',
  until = '+',
): AsyncGenerator<JournalEntry> {
  for (let from = after; ; ) {
    const found = await valkey.xrangeBuffer(journalKey(valkey, group), `(${from}`, until, 'COUNT', AT_ONCE);
    for (const [id, fields] of found) {
      from = id.toString();
      yield { id: from, ...entryOf(fields) };
    }
    if (found.length < AT_ONCE) return;
  }
}

export function fieldsOf(entry: NewEntry): (string | Buffer)[] {
  const { text, vectors } = pack(entry);
  return vectors.length > 0 ? ['entry', text, 'vectors', vectors] : ['entry', text];
}

function entryOf([, text = Buffer.of(), , vectors = Buffer.of()]: readonly Buffer[]): NewEntry {
  return unpack({ text: text.toString(), vectors });
}

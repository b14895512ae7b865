import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { JournalKey } from '../settings.ts';
import { ownKey } from '../valkey/keys.ts';
import type { Packed } from './entry.ts';

/*
 * A rebuild runs the queries of the journal, so whoever can write to Valkey could put queries of their own there. With MEMORY_JOURNAL_KEY,
 * which Valkey never sees, every entry carries an HMAC of its group, text and vectors, and a rebuild takes no entry without a right one. Entries of
 * releases that had no key carry none. That none is required of them is not noted in Valkey, where anybody could note it: the key itself begins
 * with the time from which on all entries carry one, and Valkey's numbers of entries are times.
 */

export function codeOf(group: string, { text, vectors }: Packed, { secret }: JournalKey): Buffer {
  return createHmac('sha256', secret).update(`${group}\n${text}\n`).update(vectors).digest();
}

/** @param at when it was noted, in milliseconds since 1970 */
export function isAuthentic(
  group: string,
  packed: Packed,
  code: Buffer | undefined,
  at: number,
  key: JournalKey | undefined,
): boolean {
  if (!key) return true;
  // What carries a code must carry the right one, whenever it was noted.
  if (!code) return at < key.since;
  const own = codeOf(group, packed, key);
  return code.length === own.length && timingSafeEqual(code, own);
}

const KNOWN = 'journal:key';

/** Says in a sentence that the workers of one Valkey have not the same key, as far as the last one that started tells; notes our own. */
export async function compareKey(valkey: Redis, key: JournalKey | undefined): Promise<string | undefined> {
  // Of the secret only so much that two can be told apart.
  const own = key && createHash('sha256').update(`journal ${key.secret}`).digest('hex').slice(0, 16);
  const known = await valkey.get(ownKey(valkey, KNOWN));
  if (own && own !== known) await valkey.set(ownKey(valkey, KNOWN), own);
  if (known === null || known === own) return undefined;
  return own
    ? 'The last worker had another MEMORY_JOURNAL_KEY: entries of the journal that were made with that are refused here; let all workers have the same, and change it only after an export.'
    : 'MEMORY_JOURNAL_KEY is not set, but was for the last worker: what this one notes in the journal is refused by a rebuild; let all workers have the same.';
}

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { JournalKey } from '../settings.ts';
import { installationKey } from '../valkey/keys.ts';
import type { PackedEntry } from './entry.ts';

/*
 * A rebuild runs the queries of the journal, so anyone who can write to Valkey could add queries. With MEMORY_JOURNAL_KEY, which Valkey
 * never sees, every entry carries an HMAC of its group, text and vectors, and a rebuild takes no entry without a valid one. Entries of
 * earlier releases have none. Which entries need none must not be stored in Valkey, where anyone could change it: the key itself begins
 * with the time from which on all entries carry an HMAC, and entry ids are times.
 */

export function hmacOf(group: string, { text, vectors }: PackedEntry, { secret }: JournalKey): Buffer {
  return createHmac('sha256', secret).update(`${group}\n${text}\n`).update(vectors).digest();
}

/** @param at time of the entry, in milliseconds since 1970 */
export function isAuthentic(
  group: string,
  packed: PackedEntry,
  hmac: Buffer | undefined,
  at: number,
  key: JournalKey | undefined,
): boolean {
  if (!key) return true;
  // An HMAC must be valid whatever the entry's time.
  if (!hmac) return at < (key.since?.getTime() ?? 0);
  const own = hmacOf(group, packed, key);
  return hmac.length === own.length && timingSafeEqual(hmac, own);
}

export const NO_KEY_NOTICE =
  'MEMORY_JOURNAL_KEY is not set: entries of the journal are not authenticated, so anyone who can write to Valkey can add changes to a rebuilt memory. docs/archive.md shows how to make a key.';

const FINGERPRINT_KEY = 'journal:key';

/** Whether the last worker that started had a journal key. */
export async function hasJournalKey(valkey: Redis): Promise<boolean> {
  return (await valkey.get(installationKey(valkey, FINGERPRINT_KEY))) !== null;
}

/** Compares our key with that of the last worker that started, and stores our key's fingerprint. @returns a warning if they differ */
export async function keyMismatch(valkey: Redis, key: JournalKey | undefined): Promise<string | undefined> {
  // A short fingerprint, enough to see a difference.
  const own = key && createHash('sha256').update(`journal ${key.secret}`).digest('hex').slice(0, 16);
  const stored = await valkey.get(installationKey(valkey, FINGERPRINT_KEY));
  if (own && own !== stored) await valkey.set(installationKey(valkey, FINGERPRINT_KEY), own);
  if (stored === null || stored === own) return undefined;
  return own
    ? 'The last worker had another MEMORY_JOURNAL_KEY: entries of the journal that were made with that are refused here; let all workers have the same, and change it only after an export.'
    : 'MEMORY_JOURNAL_KEY is not set, but was for the last worker: what this one notes in the journal is refused by a rebuild; let all workers have the same.';
}

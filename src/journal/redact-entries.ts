import { randomUUID } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';
import { InvalidInputError, StaleFenceError } from '../errors.ts';
import type { JournalKey } from '../settings.ts';
import { HOUR } from '../time.ts';
import { recordGap } from './change-log.ts';
import { isOfNewerRelease, type JournalEntry, type NewEntry } from './entry.ts';
import { isAuthentic } from './hmac.ts';
import { entryFields, journalKey, lastId, type StoredEntry, storedEntriesOf } from './stream.ts';

/**
 * Replaces an entry that cannot be read, under its id, which an archive may name as its position. Replaying it changes nothing.
 */
const NO_OP: NewEntry = { query: 'RETURN 1', params: {} };
/** One is enough unless matching entries are appended all the time. */
const MAX_ATTEMPTS = 10;
/** With `appendfsync always` each single write would wait for the disk. An entry has at most some megabytes. */
const BATCH_SIZE = 16;

/**
 * Entries appended since the copy was made are copied unchanged, so that no writer has to wait.
 *
 * KEYS[1] the group's journal, a stream
 * KEYS[2] the copy, which takes the journal's place
 * ARGV[1] id of the copy's last entry
 * Returns how many entries were appended since
 */
const SWAP_JOURNAL = `
local rest = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')
for _, entry in ipairs(rest) do redis.call('XADD', KEYS[2], entry[1], unpack(entry[2])) end
redis.call('RENAME', KEYS[2], KEYS[1])
redis.call('PERSIST', KEYS[1])
return #rest`;

/**
 * Writes a changed copy of a group's journal and swaps it in; repeats if entries that also change were appended meanwhile.
 * @returns how many entries changed
 * @throws StaleFenceError when such entries were appended all the time
 */
export async function redactEntries(
  valkey: Redis,
  group: string,
  change: (entry: JournalEntry) => NewEntry,
  key?: JournalKey,
): Promise<number> {
  const fieldsAfter = (stored: StoredEntry) => changedFields(group, stored, change, key);
  let all = 0;
  for (let attempt = 0, from: string | undefined; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (!(await wouldChange(valkey, group, fieldsAfter, from))) return all;
    const { changed, last } = await rewriteOnce(valkey, group, fieldsAfter);
    all += changed;
    from = last;
  }
  throw new StaleFenceError(`The journal of the memory "${group}" kept changing meanwhile; try again later.`);
}

type Fields = readonly (string | Buffer)[];

/** The same fields where nothing changes. */
function changedFields(
  group: string,
  { id, entry, packed, hmac, fields }: StoredEntry,
  change: (entry: JournalEntry) => NewEntry,
  key: JournalKey | undefined,
): Fields {
  if (!entry) {
    if (isOfNewerRelease(packed.text)) throw new InvalidInputError(NEWER);
    return entryFields(group, NO_OP, key);
  }
  // Signing an entry that was not authentic would make it authentic.
  const isOurs = hmac !== undefined && isAuthentic(group, packed, hmac, 0, key);
  const after = change({ id, ...entry });
  const isSame = areEqual(entryFields(group, after, undefined), entryFields(group, entry, undefined));
  return isSame ? fields : entryFields(group, after, isOurs ? key : undefined);
}

const NEWER = 'The journal holds changes of a newer release; let a worker of that forget.';

async function wouldChange(
  valkey: Redis,
  group: string,
  fieldsAfter: (stored: StoredEntry) => Fields,
  from: string | undefined,
): Promise<boolean> {
  const until = await lastId(valkey, group);
  for await (const stored of storedEntriesOf(valkey, group, from, until))
    if (fieldsAfter(stored) !== stored.fields) return true;
  return false;
}

async function rewriteOnce(
  valkey: Redis,
  group: string,
  fieldsAfter: (stored: StoredEntry) => Fields,
): Promise<{ changed: number; last: string }> {
  const key = journalKey(valkey, group);
  const copyKey = `${key}:${randomUUID()}`;
  // Other processes may append faster than this copies.
  const until = await lastId(valkey, group);
  let [changed, last, batch] = [0, '0-0', valkey.pipeline()];
  try {
    for await (const stored of storedEntriesOf(valkey, group, '0-0', until)) {
      const fields = fieldsAfter(stored);
      if (fields !== stored.fields) changed += 1;
      if (!stored.entry) await recordGap(valkey, group, stored.id);
      batch.xadd(copyKey, stored.id, ...fields);
      // Expires if this process dies here.
      if (last === '0-0') batch.pexpire(copyKey, HOUR);
      last = stored.id;
      if (batch.length >= BATCH_SIZE) batch = await flush(batch, valkey);
    }
    await flush(batch, valkey);
    if (last !== '0-0') await valkey.eval(SWAP_JOURNAL, 2, key, copyKey, last);
    return { changed, last };
  } catch (error) {
    await valkey.unlink(copyKey).catch(() => {});
    throw error;
  }
}

/** @returns the next pipeline */
async function flush(batch: ChainableCommander, valkey: Redis): Promise<ChainableCommander> {
  for (const [error] of (await batch.exec()) ?? []) if (error) throw error;
  return valkey.pipeline();
}

function areEqual(one: Fields, other: Fields): boolean {
  return (
    one.length === other.length &&
    one.every((field, place) => Buffer.from(field).equals(Buffer.from(other[place] ?? '')))
  );
}

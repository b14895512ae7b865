import { randomUUID } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';
import { StaleFence } from '../errors.ts';
import { HOUR } from '../time.ts';
import type { JournalEntry, NewEntry } from './entry.ts';
import { entriesOf, fieldsOf, journalKey, lastId } from './stream.ts';

/** One is enough unless what is to change goes on being noted. */
const ATTEMPTS = 10;
/** With `appendfsync always` each alone would wait for the disk. An entry has some megabytes at most. */
const WRITTEN_AT_ONCE = 16;

// What was noted since the copy was made comes along as it is, so that nobody has to wait.
const SWAP = `
local rest = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')
for _, entry in ipairs(rest) do redis.call('XADD', KEYS[2], entry[1], unpack(entry[2])) end
redis.call('RENAME', KEYS[2], KEYS[1])
redis.call('PERSIST', KEYS[1])
return #rest`;

/**
 * Writes a group's journal once more beside it and puts that in its place, again if anything was noted meanwhile that changes too.
 * @returns how many entries changed
 * @throws StaleFence when such entries were noted all the time
 */
export async function rewrite(
  valkey: Redis,
  group: string,
  change: (entry: JournalEntry) => NewEntry,
): Promise<number> {
  let all = 0;
  for (let attempt = 0, from: string | undefined; attempt < ATTEMPTS; attempt += 1) {
    if (!(await wouldChange(valkey, group, change, from))) return all;
    const { changed, last } = await once(valkey, group, change);
    all += changed;
    from = last;
  }
  throw new StaleFence(`The journal of the memory "${group}" was written to all the time; try again later.`);
}

async function wouldChange(
  valkey: Redis,
  group: string,
  change: (entry: JournalEntry) => NewEntry,
  from: string | undefined,
): Promise<boolean> {
  const until = await lastId(valkey, group);
  for await (const entry of entriesOf(valkey, group, from, until))
    if (isOther(entry, fieldsOf(change(entry)))) return true;
  return false;
}

async function once(
  valkey: Redis,
  group: string,
  change: (entry: JournalEntry) => NewEntry,
): Promise<{ changed: number; last: string }> {
  const key = journalKey(valkey, group);
  const beside = `${key}:${randomUUID()}`;
  // Others may note faster than this copies.
  const until = await lastId(valkey, group);
  let [changed, last, batch] = [0, '0-0', valkey.pipeline()];
  try {
    for await (const entry of entriesOf(valkey, group, '0-0', until)) {
      const fields = fieldsOf(change(entry));
      if (isOther(entry, fields)) changed += 1;
      batch.xadd(beside, entry.id, ...fields);
      // Nobody else clears away what a process leaves that dies here.
      if (last === '0-0') batch.pexpire(beside, HOUR);
      last = entry.id;
      if (batch.length >= WRITTEN_AT_ONCE) batch = await written(batch, valkey);
    }
    await written(batch, valkey);
    if (last !== '0-0') await valkey.eval(SWAP, 2, key, beside, last);
    return { changed, last };
  } catch (error) {
    await valkey.unlink(beside).catch(() => {});
    throw error;
  }
}

/** Gives the next one. */
async function written(batch: ChainableCommander, valkey: Redis): Promise<ChainableCommander> {
  for (const [error] of (await batch.exec()) ?? []) if (error) throw error;
  return valkey.pipeline();
}

function isOther(entry: JournalEntry, fields: readonly (string | Buffer)[]): boolean {
  const own = fieldsOf(entry);
  return (
    fields.length !== own.length || fields.some((it, place) => !Buffer.from(it).equals(Buffer.from(own[place] ?? '')))
  );
}

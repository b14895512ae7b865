import type { Redis } from 'ioredis';
import type { JournalKey } from '../settings.ts';
import { groupKey } from '../valkey/keys.ts';
import type { NewEntry } from './entry.ts';
import { isLater, stepOf } from './plan.ts';
import { entriesOf, fieldsOf, journalKey } from './stream.ts';

/** What was noted last of a group's chain, and since when the journal lacks something; beside the journal, for the entries are long. */
export const chainKey = (valkey: Redis, group: string): string => groupKey(valkey, 'chain', group);

// The last change may have been refused, or its worker have died; then the next one follows on the same as it did. A change that follows on
// less than what the graph had taken (`loss.ts`) leaves no gap in the journal. Earlier releases did not note what was taken; what the
// last change followed on somebody had read from the graph.
const NOTE = `
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 4))
local last = redis.call('HMGET', KEYS[2], 'after', 'mark', 'taken')
redis.call('HSET', KEYS[2], 'after', ARGV[1], 'mark', ARGV[2])
local taken = last[3]
if not taken and last[1] and last[1] ~= '' then
  taken = '1 ' .. last[1]
  redis.call('HSET', KEYS[2], 'taken', taken)
end
local isBehind = taken and tonumber(ARGV[3]) < tonumber(string.match(taken, '^%d+'))
return {id, (last[1] == ARGV[1] or last[2] == ARGV[1] or isBehind) and 1 or 0}`;

/** Notes a change behind a fence. `follows` is false when the graph has a change that the journal does not: Valkey lost its end. */
export async function noteInChain(
  valkey: Redis,
  group: string,
  entry: NewEntry,
  key?: JournalKey,
): Promise<{ readonly id: string; readonly follows: boolean }> {
  const { after, mark, seen } = entry.params;
  const own = [String(after ?? ''), String(mark), String(entry.base ? entry.params.fence : (seen ?? 0))];
  const keys = [journalKey(valkey, group), chainKey(valkey, group)];
  const [id, isNext] = (await valkey.eval(NOTE, 2, ...keys, ...own, ...fieldsOf(group, entry, key))) as [
    string,
    number,
  ];
  // What was restored, and the first change of a graph, follow on nothing.
  if (isNext === 1 || entry.base || !seen) return { id, follows: true };
  return { id, follows: await isNoted(valkey, group, String(after), id) };
}

/** Seldom asked, since it reads all: also when a worker that was frozen has noted something late. */
async function isNoted(valkey: Redis, group: string, mark: string, until: string): Promise<boolean> {
  for await (const { id, params } of entriesOf(valkey, group, '0-0', until))
    if (id !== until && params.mark === mark) return true;
  return false;
}

/** Whether any change was noted that followed on that of an entry. */
export async function isFollowed(valkey: Redis, group: string, id: string, mark: string): Promise<boolean> {
  for await (const entry of entriesOf(valkey, group, id)) if (stepOf(entry).link?.after.mark === mark) return true;
  return false;
}

/** @param id of the first entry that cannot be made again */
export async function noteGap(valkey: Redis, group: string, id: string): Promise<void> {
  await valkey.hsetnx(chainKey(valkey, group), 'gap', id);
}

/** Id of the first entry that cannot be made again; null for none. */
export const readGap = (valkey: Redis, group: string): Promise<string | null> =>
  valkey.hget(chainKey(valkey, group), 'gap');

/** An archive of that position needs nothing of what came before. */
export async function closeGap(valkey: Redis, group: string, position: string): Promise<void> {
  const gap = await readGap(valkey, group);
  if (gap !== null && !isLater(gap, position)) await valkey.hdel(chainKey(valkey, group), 'gap');
}

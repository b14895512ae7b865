import type { Redis } from 'ioredis';
import type { JournalKey } from '../settings.ts';
import { groupKey } from '../valkey/keys.ts';
import type { NewEntry } from './entry.ts';
import { isLaterEntry, replayStep } from './replay-plan.ts';
import { entriesOf, entryFields, journalKey } from './stream.ts';

/** The head of a group's change log, and the first entry after a gap; a hash beside the journal, whose entries are long. */
export const changeLogKey = (valkey: Redis, group: string): string => groupKey(valkey, 'chain', group);

/**
 * If the last change was refused, or its worker died, the next one has the same predecessor. A change with an older predecessor than the
 * graph had taken (`lost-changes.ts`) leaves no gap in the journal. Earlier releases did not store `taken`; the last change's predecessor had been
 * read from the graph.
 *
 * KEYS[1] the group's journal, a stream
 * KEYS[2] head of the group's change log, a hash
 * ARGV[1] id of the change's predecessor
 * ARGV[2] id of the change
 * ARGV[3] lease number of the predecessor; of a new graph, the change's own
 * ARGV[4…n] the entry's fields and values
 * Returns the entry's id, and 1 when the change follows one that the journal has, otherwise 0
 */
const APPEND_CHANGE = `
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

/** Appends a fenced change. `isContinuous` is false when the graph has a change that the journal lacks, since Valkey lost its end. */
export async function appendToChangeLog(
  valkey: Redis,
  group: string,
  entry: NewEntry,
  key?: JournalKey,
): Promise<{ readonly id: string; readonly isContinuous: boolean }> {
  const { after, mark, seen } = entry.params;
  const own = [String(after ?? ''), String(mark), String(entry.base ? entry.params.fence : (seen ?? 0))];
  const keys = [journalKey(valkey, group), changeLogKey(valkey, group)];
  const [id, isNext] = (await valkey.eval(APPEND_CHANGE, 2, ...keys, ...own, ...entryFields(group, entry, key))) as [
    string,
    number,
  ];
  // A restored graph, and the first change of a graph, have no predecessor.
  if (isNext === 1 || entry.base || !seen) return { id, isContinuous: true };
  return { id, isContinuous: await isInJournal(valkey, group, String(after), id) };
}

/** Reads the whole journal, so it is called rarely: also when a frozen worker appended a change late. */
async function isInJournal(valkey: Redis, group: string, changeId: string, until: string): Promise<boolean> {
  for await (const { id, params } of entriesOf(valkey, group, '0-0', until))
    if (id !== until && params.mark === changeId) return true;
  return false;
}

/** Whether a later change names this one as its predecessor. */
export async function hasSuccessor(valkey: Redis, group: string, id: string, changeId: string): Promise<boolean> {
  for await (const entry of entriesOf(valkey, group, id))
    if (replayStep(entry).link?.predecessor.changeId === changeId) return true;
  return false;
}

/** @param id of the first entry that cannot be replayed */
export async function recordGap(valkey: Redis, group: string, id: string): Promise<void> {
  await valkey.hsetnx(changeLogKey(valkey, group), 'gap', id);
}

/** Id of the first entry that cannot be replayed; null for none. */
export const readGap = (valkey: Redis, group: string): Promise<string | null> =>
  valkey.hget(changeLogKey(valkey, group), 'gap');

/** Removes the gap if an archive of that position covers it. */
export async function closeGap(valkey: Redis, group: string, position: string): Promise<void> {
  const gap = await readGap(valkey, group);
  if (gap !== null && !isLaterEntry(gap, position)) await valkey.hdel(changeLogKey(valkey, group), 'gap');
}

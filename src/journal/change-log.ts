import type { Redis } from 'ioredis';
import type { JournalKey } from '../settings.ts';
import { groupKey } from '../valkey/keys.ts';
import type { NewEntry } from './entry.ts';
import { isEarlierChange, isLaterEntry, type ReplayStep, replayStep } from './replay-plan.ts';
import { entriesOf, entryFields, journalKey } from './stream.ts';

/** The head of a group's change log, and the first entry after a gap; a hash beside the journal, whose entries are long. */
export const changeLogKey = (valkey: Redis, group: string): string => groupKey(valkey, 'chain', group);

/**
 * If the last change was refused, or its worker died, the next one has the same predecessor. A change with an older predecessor than the
 * graph had taken shows that the graph lost changes (`lost-changes.ts`): it is not appended, so that the lost ones can be replayed. If they
 * cannot, it is, and leaves no gap in the journal. Earlier releases did not store `taken`; the last change's predecessor had been read from
 * the graph.
 *
 * KEYS[1] the group's journal, a stream
 * KEYS[2] head of the group's change log, a hash
 * ARGV[1] id of the change's predecessor
 * ARGV[2] id of the change
 * ARGV[3] lease number of the predecessor; of a new graph, the change's own
 * ARGV[4] 1 when the predecessor was compared with a change of the same lease that the graph had taken
 * ARGV[5…n] the entry's fields and values
 * Returns the entry's id, and 1 when the change follows one that the journal has, otherwise 0. Without an id nothing was appended: `lost`
 * when the graph lost changes, or the id of the change of the same lease with which the predecessor must be compared
 */
const APPEND_CHANGE = `
local last = redis.call('HMGET', KEYS[2], 'after', 'mark', 'taken', 'unrepaired')
local taken = last[3]
if not taken and last[1] and last[1] ~= '' then
  taken = '1 ' .. last[1]
  redis.call('HSET', KEYS[2], 'taken', taken)
end
local token, change = 0, ''
if taken then token, change = string.match(taken, '^(%d+) (.*)$') end
local isBehind = taken and tonumber(ARGV[3]) < tonumber(token)
if isBehind and not last[4] then return {'', 'lost'} end
if taken and ARGV[4] ~= '1' and tonumber(ARGV[3]) == tonumber(token) and ARGV[1] ~= change then return {'', change} end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 5))
redis.call('HSET', KEYS[2], 'after', ARGV[1], 'mark', ARGV[2])
return {id, (last[1] == ARGV[1] or last[2] == ARGV[1] or isBehind) and 1 or 0}`;

/**
 * Appends a fenced change. `isContinuous` is false when the graph has a change that the journal lacks, since Valkey lost its end. Appends nothing
 * and returns `lost` when the graph has lost changes and may still get them back.
 */
export async function appendToChangeLog(
  valkey: Redis,
  group: string,
  entry: NewEntry,
  key?: JournalKey,
): Promise<{ readonly id: string; readonly isContinuous: boolean } | 'lost'> {
  const { after, mark, seen } = entry.params;
  const isReplacement = entry.base !== undefined || entry.replaces === true;
  const own = [String(after ?? ''), String(mark), String(isReplacement ? entry.params.fence : (seen ?? 0))];
  const keys = [journalKey(valkey, group), changeLogKey(valkey, group)];
  const fields = entryFields(group, entry, key);
  const append = async (isCompared: boolean) =>
    (await valkey.eval(APPEND_CHANGE, 2, ...keys, ...own, isCompared ? '1' : '0', ...fields)) as [
      string,
      number | string,
    ];
  let [id, isNext] = await append(false);
  if (id === '' && isNext !== 'lost') {
    if (await isOlderChange(valkey, group, String(after), String(isNext))) return 'lost';
    [id, isNext] = await append(true);
  }
  if (id === '') return 'lost';
  // A restored graph, and the first change of a graph, have no predecessor.
  if (isNext === 1 || entry.base || !seen) return { id, isContinuous: true };
  return { id, isContinuous: await isInJournal(valkey, group, String(after), id) };
}

/** Whether the journal shows that the graph took `changeId` before `later`. Reads the whole journal, so it is called rarely. */
export async function isOlderChange(valkey: Redis, group: string, changeId: string, later: string): Promise<boolean> {
  const steps: ReplayStep[] = [];
  for await (const entry of entriesOf(valkey, group)) steps.push(replayStep(entry));
  return isEarlierChange(steps, changeId, later);
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

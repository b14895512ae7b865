import type { Redis } from 'ioredis';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readChangeHead } from '../graph/queries/fence.ts';
import { groupKey, unprefixedGroupKey } from '../valkey/keys.ts';

/*
 * Up to release 40525d1 only the queues had MEMORY_QUEUE_PREFIX; the keys of groups had the same names in all installations. An installation
 * with its own prefix takes over the data under those names, once for each group:
 * - tombstones always, since they name uuids and do no harm in another installation;
 * - journal, chain and fence if the chain's last change id is the one in this installation's graph.
 * The data is copied, since the old names may belong to another installation, and a worker of the earlier release may still run. Model
 * results and cached answers are not copied: they expire, and are computed again.
 */

/** Whether the journal under the old name is this installation's. */
type Outcome = 'ours' | 'not ours';

/** Set once a group was checked; holds the outcome. */
const doneKey = (valkey: Redis, group: string): string => `${groupKey(valkey, 'journal', group)}:earlier`;

/**
 * One script: two processes cannot run it at the same time, and a killed process has done all or nothing. Entries under the new name come last:
 * without a chain none of them is fenced, so their order does not matter. The number of a fence only rises.
 *
 * KEYS[1] outcome of the check, if the group was checked before
 * KEYS[2] KEYS[3] tombstones under the old and the new name, hashes
 * KEYS[4] KEYS[5] heads of the change logs, hashes
 * KEYS[6] KEYS[7] journals, streams
 * KEYS[8] KEYS[9] last fences
 * ARGV[1] id of the last change in this installation's graph; empty for none
 * ARGV[2] `certain` when two reads of the graph gave this id, otherwise empty
 * Returns the outcome, or `uncertain` when the graph has to be read again
 */
const MIGRATE_KEYS = `
local OUTCOME, OLD_TOMBSTONES, TOMBSTONES, OLD_CHAIN, CHAIN, OLD_JOURNAL, JOURNAL, OLD_FENCE, FENCE = unpack(KEYS)
local done = redis.call('GET', OUTCOME)
if done then return done end
local last = redis.call('HMGET', OLD_CHAIN, 'after', 'mark', 'taken')
if last[3] then last[3] = string.match(last[3], '^%d+ (.*)$') end
local outcome = 'not ours'
if ARGV[1] ~= '' and (last[1] == ARGV[1] or last[2] == ARGV[1] or last[3] == ARGV[1]) then outcome = 'ours' end
if outcome ~= 'ours' and last[2] and ARGV[2] ~= 'certain' then return 'uncertain' end
local notes = redis.call('HGETALL', OLD_TOMBSTONES)
for i = 1, #notes, 2 do
  local own = redis.call('HGET', TOMBSTONES, notes[i])
  if not own or (tonumber(notes[i + 1]) or 0) > (tonumber(own) or math.huge) then redis.call('HSET', TOMBSTONES, notes[i], notes[i + 1]) end
end
if outcome == 'ours' and redis.call('EXISTS', CHAIN) == 0 then
  local since = redis.call('XRANGE', JOURNAL, '-', '+')
  redis.call('COPY', OLD_CHAIN, CHAIN)
  if redis.call('COPY', OLD_JOURNAL, JOURNAL, 'REPLACE') == 1 then
    for _, entry in ipairs(since) do redis.call('XADD', JOURNAL, '*', unpack(entry[2])) end
  end
  local fence = math.max(tonumber(redis.call('GET', OLD_FENCE) or '0'), tonumber(redis.call('GET', FENCE) or '0'))
  if fence > 0 then redis.call('SET', FENCE, string.format('%.0f', fence)) end
end
redis.call('SET', OUTCOME, outcome)
return outcome`;

/**
 * Takes over an earlier release's data of a group, once.
 * @returns false when Valkey denies its user the old names although they must hold data
 */
export async function migrateKeys(valkey: Redis, graph: Pick<GroupGraph, 'group' | 'read'>): Promise<boolean> {
  const { group } = graph;
  const oldAndNew = (kind: string) => [unprefixedGroupKey(kind, group), groupKey(valkey, kind, group)];
  // With the default prefix the names have not changed.
  if (unprefixedGroupKey('journal', group) === groupKey(valkey, 'journal', group)) return true;
  if ((await valkey.get(doneKey(valkey, group))) !== null) return true;
  const keys = [
    doneKey(valkey, group),
    ...oldAndNew('forgotten'),
    ...oldAndNew('chain'),
    ...oldAndNew('journal'),
    ...oldAndNew('fence'),
  ];
  for (let before: string | undefined; ; ) {
    const { changeId } = await readChangeHead(graph);
    try {
      // A worker of the earlier release may have committed between the two reads; then the graph has another change id now.
      const outcome = await valkey.eval(
        MIGRATE_KEYS,
        keys.length,
        ...keys,
        changeId,
        changeId === before ? 'certain' : '',
      );
      if (outcome !== 'uncertain') return true;
    } catch (error) {
      if (!isDenied(error)) throw error;
      // A graph without changes, or whose changes are all known here, lacks nothing.
      return changeId === '' || (await valkey.exists(groupKey(valkey, 'chain', group))) === 1;
    }
    before = changeId;
  }
}

/** The same, cached for each group. @param onDenied called once if Valkey denies its user the old names */
export function openKeyMigration(
  valkey: Redis,
  graphs: { group(group: string): Pick<GroupGraph, 'group' | 'read'> },
  onDenied: () => void,
): (group: string) => Promise<void> {
  const groups = new Map<string, Promise<void>>();
  let isReported = false;
  const run = async (group: string) => {
    if ((await migrateKeys(valkey, graphs.group(group))) || isReported) return;
    isReported = true;
    onDenied();
  };
  return (group) => {
    const cached = groups.get(group);
    if (cached) return cached;
    const running = run(group);
    groups.set(group, running);
    running.catch(() => groups.delete(group));
    return running;
  };
}

/**
 * Repeats work over a connection with the old key names. Does nothing with the default prefix, or if Valkey denies its user the old names.
 * @param work gets the connection, and whether the journal there is this installation's
 */
export async function withLegacyKeys(
  valkey: Redis,
  group: string,
  work: (earlier: Redis, isOurs: boolean) => Promise<void>,
): Promise<void> {
  if (unprefixedGroupKey('journal', group) === groupKey(valkey, 'journal', group)) return;
  const outcome = (await valkey.get(doneKey(valkey, group))) as Outcome | null;
  // A duplicate has no namespace.
  const earlier = valkey.duplicate().on('error', () => {});
  try {
    await work(earlier, outcome === 'ours');
  } catch (error) {
    if (!isDenied(error)) throw error;
  } finally {
    earlier.disconnect();
  }
}

const isDenied = (error: unknown): boolean => error instanceof Error && /NOPERM/.test(error.message);

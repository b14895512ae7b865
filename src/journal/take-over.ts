import type { Redis } from 'ioredis';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readMark } from '../graph/queries/fence.ts';
import { earlierKey, groupKey } from '../valkey/keys.ts';

/*
 * Up to release 40525d1 only the queues had MEMORY_QUEUE_PREFIX; the keys of groups had the same names in all installations. An installation
 * with a prefix of its own takes over what it finds under those names, once for each group:
 * - notes of what was forgotten always, as they name uuids and do no harm in another installation;
 * - journal, chain and fence when the chain's last mark is the one that this installation's graph carries.
 * All is copied, since the old names may belong to another installation, and a worker of the earlier release may still run. Results of
 * models and answers stay behind: they lapse by themselves, and are paid for or worked out once more.
 */

/** Whether the journal under the old name is this installation's. */
type Outcome = 'ours' | 'not ours';

/** Of a group that was looked at; holds the outcome. */
const doneKey = (valkey: Redis, group: string): string => `${groupKey(valkey, 'journal', group)}:earlier`;

// One script: two processes cannot do it at once, and one that is killed has done all or nothing. What was noted under the new name before comes
// last: without a chain nothing of it stands behind a fence, so its place does not matter. The number of a fence only rises.
const TAKE_OVER = `
local done = redis.call('GET', KEYS[1])
if done then return done end
local last = redis.call('HMGET', KEYS[4], 'after', 'mark', 'taken')
if last[3] then last[3] = string.match(last[3], '^%d+ (.*)$') end
local outcome = 'not ours'
if ARGV[1] ~= '' and (last[1] == ARGV[1] or last[2] == ARGV[1] or last[3] == ARGV[1]) then outcome = 'ours' end
if outcome ~= 'ours' and last[2] and ARGV[2] ~= 'certain' then return 'uncertain' end
local notes = redis.call('HGETALL', KEYS[2])
for i = 1, #notes, 2 do
  local own = redis.call('HGET', KEYS[3], notes[i])
  if not own or (tonumber(notes[i + 1]) or 0) > (tonumber(own) or math.huge) then redis.call('HSET', KEYS[3], notes[i], notes[i + 1]) end
end
if outcome == 'ours' and redis.call('EXISTS', KEYS[5]) == 0 then
  local since = redis.call('XRANGE', KEYS[7], '-', '+')
  redis.call('COPY', KEYS[4], KEYS[5])
  if redis.call('COPY', KEYS[6], KEYS[7], 'REPLACE') == 1 then
    for _, entry in ipairs(since) do redis.call('XADD', KEYS[7], '*', unpack(entry[2])) end
  end
  local fence = math.max(tonumber(redis.call('GET', KEYS[8]) or '0'), tonumber(redis.call('GET', KEYS[9]) or '0'))
  if fence > 0 then redis.call('SET', KEYS[9], string.format('%.0f', fence)) end
end
redis.call('SET', KEYS[1], outcome)
return outcome`;

/**
 * Takes over what an earlier release kept of a group. Later calls only see that this was done.
 * @returns false when Valkey does not let its user use the old names although there must be something
 */
export async function takeOver(valkey: Redis, graph: Pick<GroupGraph, 'group' | 'read'>): Promise<boolean> {
  const { group } = graph;
  const both = (kind: string) => [earlierKey(kind, group), groupKey(valkey, kind, group)];
  // With the default prefix the names are the same as ever.
  if (earlierKey('journal', group) === groupKey(valkey, 'journal', group)) return true;
  if ((await valkey.get(doneKey(valkey, group))) !== null) return true;
  const keys = [doneKey(valkey, group), ...['forgotten', 'chain', 'journal', 'fence'].flatMap(both)];
  for (let before: string | undefined; ; ) {
    const { mark } = await readMark(graph);
    try {
      // A worker of the earlier release may have committed between the two questions; then the graph has another mark now.
      const outcome = await valkey.eval(TAKE_OVER, keys.length, ...keys, mark, mark === before ? 'certain' : '');
      if (outcome !== 'uncertain') return true;
    } catch (error) {
      if (!isDenied(error)) throw error;
      // A graph that was never changed, or whose changes are all known here, lacks nothing.
      return mark === '' || (await valkey.exists(groupKey(valkey, 'chain', group))) === 1;
    }
    before = mark;
  }
}

/** The same for a process that is asked again and again. @param onDenied told once that Valkey does not let its user use the old names */
export function openTakeOver(
  valkey: Redis,
  graphs: { group(group: string): Pick<GroupGraph, 'group' | 'read'> },
  onDenied: () => void,
): (group: string) => Promise<void> {
  const groups = new Map<string, Promise<void>>();
  let isTold = false;
  const run = async (group: string) => {
    if ((await takeOver(valkey, graphs.group(group))) || isTold) return;
    isTold = true;
    onDenied();
  };
  return (group) => {
    const known = groups.get(group);
    if (known) return known;
    const running = run(group);
    groups.set(group, running);
    running.catch(() => groups.delete(group));
    return running;
  };
}

/**
 * Does something once more over a connection for which the keys of groups have their old names; nothing with the default prefix, and where
 * Valkey does not let its user use them.
 * @param work told whether the journal there is this installation's
 */
export async function withEarlierNames(
  valkey: Redis,
  group: string,
  work: (earlier: Redis, isOurs: boolean) => Promise<void>,
): Promise<void> {
  if (earlierKey('journal', group) === groupKey(valkey, 'journal', group)) return;
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

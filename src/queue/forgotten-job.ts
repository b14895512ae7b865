import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** What a `store` job carries once its episode is forgotten: enough to know it again, and to do nothing. */
interface ForgottenJob {
  readonly version: 1;
  readonly uuid: string;
  readonly group: string;
  readonly forgotten: true;
}

export function isForgottenJob(data: unknown): data is ForgottenJob {
  return (data as { forgotten?: unknown } | null)?.forgotten === true;
}

/**
 * Only a job that is still what was read of it: one that BullMQ has trimmed since would come back, without anything that ever
 * removes it. What failed tries said may be content.
 */
const FORGET = `
if redis.call('HGET', KEYS[1], 'data') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[2])
redis.call('HDEL', KEYS[1], 'failedReason', 'stacktrace', 'progress')
redis.call('DEL', KEYS[2])
return 1`;

/**
 * Takes the text out of jobs, whatever state they are in. Their ids stay, so that the same episode that comes once more is known;
 * of dead letters nothing stays. Gives how many there were.
 */
export async function forgetJobs(
  queue: Queue,
  connection: Redis,
  group: string,
  uuids: readonly string[],
): Promise<number> {
  let count = 0;
  for (const uuid of uuids) {
    const key = queue.toKey(uuid);
    const [text, failed] = await Promise.all([
      connection.hget(key, 'data'),
      connection.zscore(queue.toKey('failed'), uuid),
    ]);
    if (text === null || !isOf(text, group)) continue;
    count += 1;
    if ((await connection.hexists(key, 'failedReason')) === 1) await forgetEvents(queue, connection, uuid);
    if (failed !== null && (await queue.remove(uuid)) === 1) continue;
    const data: ForgottenJob = { version: 1, uuid, group, forgotten: true };
    await connection.eval(FORGET, 2, key, `${key}:logs`, text, JSON.stringify(data));
  }
  return count;
}

const EVENTS_AT_ONCE = 1000;

/** Removes the failure events of a job, which may contain forgotten text. */
async function forgetEvents(queue: Queue, connection: Redis, uuid: string): Promise<void> {
  const key = queue.toKey('events');
  for (let from = '-'; ; ) {
    const events = await connection.xrange(key, from, '+', 'COUNT', EVENTS_AT_ONCE);
    const failures = events.filter(([, fields]) => fields.includes(uuid) && fields.includes('failedReason'));
    if (failures.length > 0) await connection.xdel(key, ...failures.map(([id]) => id));
    const last = events.at(-1)?.[0];
    if (last === undefined || events.length < EVENTS_AT_ONCE) return;
    from = `(${last}`;
  }
}

function isOf(text: string, group: string): boolean {
  try {
    const data = JSON.parse(text);
    return data?.group === group && !isForgottenJob(data);
  } catch {
    return false;
  }
}

/** BullMQ's lists of jobs that are not done, or were given up, and its sets of the same. */
const LISTS = ['wait', 'paused', 'active'] as const;
const SETS = ['delayed', 'prioritized', 'waiting-children', 'failed'] as const;
const AT_ONCE = 100;

/**
 * uuids of the episodes of a group that are not in its graph yet, or never came there, and that are meant. All ids are read at one
 * moment: workers move jobs from list to list, and page by page some would be passed over. What is done since then is in the graph.
 */
export async function findJobs(
  queue: Queue,
  connection: Redis,
  group: string,
  isMeant: (data: Meant) => boolean,
): Promise<string[]> {
  const reading = connection.multi();
  for (const list of LISTS) reading.lrange(queue.toKey(list), '0', '-1');
  for (const set of SETS) reading.zrange(queue.toKey(set), '0', '-1');
  const lists = ((await reading.exec()) ?? []).map(([error, ids]) => {
    if (error) throw error;
    return ids as string[];
  });
  const ids = [...new Set(lists.flat())];
  const found: string[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const part = ids.slice(start, start + AT_ONCE);
    const payloads = await Promise.all(part.map((id) => connection.hget(queue.toKey(id), 'data')));
    found.push(...part.filter((_, place) => isMeantBy(payloads[place] ?? '', group, isMeant)));
  }
  return found;
}

function isMeantBy(payload: string, group: string, isMeant: (data: Meant) => boolean): boolean {
  return isOf(payload, group) && isMeant(JSON.parse(payload) as Meant);
}

/** As much of a payload as an episode may be meant by. */
export interface Meant {
  readonly uuid?: string;
  readonly name?: string;
  readonly saga?: string | null;
  readonly metadata?: unknown;
}

import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** Of the jobs that wait for another try, as many as are looked at: those whose turn is next. */
const DELAYED = 200;

/**
 * Since when the oldest job waits that is not done and not given up, in milliseconds since 1970; null for none. Only times are
 * read: a job's payload may be a megabyte.
 */
export async function oldestWaiting(queue: Queue, connection: Redis): Promise<number | null> {
  const [next, first, delayed] = await Promise.all([
    connection.lindex(queue.toKey('wait'), '-1'),
    connection.zrange(queue.toKey('prioritized'), '0', '0'),
    connection.zrange(queue.toKey('delayed'), '0', String(DELAYED - 1)),
  ]);
  const ids = [...(next === null ? [] : [next]), ...first, ...delayed];
  const times = await Promise.all(ids.map((id) => connection.hget(queue.toKey(id), 'timestamp')));
  const known = times.flatMap((time) => (time === null ? [] : [Number(time)]));
  return known.length === 0 ? null : Math.min(...known);
}

import type { JobType, Queue } from 'bullmq';
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
    await connection
      .multi()
      .hset(key, 'data', JSON.stringify(data))
      // What failed tries said may be content.
      .hdel(key, 'failedReason', 'stacktrace', 'progress')
      .del(`${key}:logs`)
      .exec();
  }
  return count;
}

const EVENTS_AT_ONCE = 1000;

/** Takes away what was told of a job when its tries failed, to whoever may still ask. */
async function forgetEvents(queue: Queue, connection: Redis, uuid: string): Promise<void> {
  const key = queue.toKey('events');
  for (let from = '-'; ; ) {
    const events = await connection.xrange(key, from, '+', 'COUNT', EVENTS_AT_ONCE);
    const meant = events.filter(([, fields]) => fields.includes(uuid) && fields.includes('failedReason'));
    if (meant.length > 0) await connection.xdel(key, ...meant.map(([id]) => id));
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

const STATES: JobType[] = ['wait', 'active', 'delayed', 'prioritized', 'failed'];
const AT_ONCE = 100;

/** uuids of the episodes of a group that are not in its graph yet, or never came there, and that are meant. */
export async function findJobs(queue: Queue, group: string, isMeant: (data: Meant) => boolean): Promise<string[]> {
  const found = new Set<string>();
  for (let start = 0; ; start += AT_ONCE) {
    const jobs = await queue.getJobs(STATES, start, start + AT_ONCE - 1, true);
    for (const job of jobs) {
      const data = job?.data as (Meant & { group?: string }) | undefined;
      if (job?.id && data?.group === group && !isForgottenJob(data) && isMeant(data)) found.add(job.id);
    }
    if (jobs.length === 0) return [...found];
  }
}

/** As much of a payload as an episode may be meant by. */
export interface Meant {
  readonly uuid?: string;
  readonly name?: string;
  readonly saga?: string | null;
  readonly metadata?: unknown;
}

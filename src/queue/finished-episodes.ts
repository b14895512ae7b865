import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import { isForeseen } from '../errors.ts';
import { rawJob } from './dead-letters.ts';
import { readStoreJob, STORE_QUEUE } from './jobs.ts';

/** Read at once, so that no round trip takes long. */
const AT_ONCE = 100;

/**
 * The episodes of a group whose jobs were done or given up and are still there, some at a time; what cannot be read is left out.
 * @param since milliseconds since 1970
 */
export async function* endedEpisodes(
  queue: Queue,
  valkey: Redis,
  group: string,
  state: 'completed' | 'failed',
  since: number,
): AsyncGenerator<Episode[]> {
  // All in one call, since a caller that handles some may move the others.
  const ids = await valkey.zrangebyscore(queue.toKey(state), since, '+inf');
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const jobs = await Promise.all(
      ids.slice(from, from + AT_ONCE).map(async (id) => rawJob(await valkey.hgetall(queue.toKey(id)))),
    );
    const episodes = jobs.flatMap((job) => (job?.name === STORE_QUEUE ? readable(job.data) : []));
    yield episodes.filter((episode) => episode.group === group);
  }
}

function readable(data: unknown): Episode[] {
  try {
    return [readStoreJob(data)];
  } catch (error) {
    if (isForeseen(error)) return [];
    throw error;
  }
}

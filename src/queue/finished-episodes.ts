import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import { isOperationalError } from '../errors.ts';
import { listEndedJobIds, readRawJob } from './bullmq-layout.ts';
import { readStoreJob, STORE_QUEUE } from './jobs.ts';

/** Read in one call, so that no round trip takes long. */
const AT_ONCE = 100;

/**
 * The episodes of a group whose jobs are done or dead letters and still exist, in batches. Jobs that cannot be read are left out.
 * @param since milliseconds since 1970
 */
export async function* finishedEpisodes(
  queue: Queue,
  valkey: Redis,
  group: string,
  state: 'completed' | 'failed',
  since: number,
): AsyncGenerator<Episode[]> {
  // All ids in one call, since handling some jobs may move the others.
  const ids = await listEndedJobIds(queue, valkey, state, since);
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const jobs = await Promise.all(ids.slice(from, from + AT_ONCE).map((id) => readRawJob(queue, valkey, id)));
    const episodes = jobs.flatMap((job) => (job?.name === STORE_QUEUE ? readable(job.data) : []));
    yield episodes.filter((episode) => episode.group === group);
  }
}

function readable(data: unknown): Episode[] {
  try {
    return [readStoreJob(data)];
  } catch (error) {
    if (isOperationalError(error)) return [];
    throw error;
  }
}

import type { Job, Queue } from 'bullmq';
import type { Episode } from '../episode.ts';
import { InvalidInput } from '../errors.ts';

/**
 * What Valkey has under an episode's uuid: its name. A job that failed is tried again.
 * @throws InvalidInput when it is another episode
 */
export async function nameKept(queue: Queue, episode: Episode): Promise<string> {
  const job = await queue.getJob(episode.uuid);
  const kept = job && keptEpisode(job, episode);
  if (!kept || kept.name === episode.name) return episode.name;
  if (await job.isFailed()) await job.retry();
  return kept.name ?? episode.name;
}

/** @throws InvalidInput when Valkey has another episode under an episode's uuid */
export async function refuseOther(queue: Queue, episode: Episode): Promise<void> {
  const job = await queue.getJob(episode.uuid);
  if (job) keptEpisode(job, episode);
}

/** BullMQ passes over a job whose id is there already, so what is kept may be another episode. */
function keptEpisode(job: Job, episode: Episode): Partial<Episode> {
  const kept = (job.data ?? {}) as Partial<Episode>;
  if (isSame(kept, episode)) return kept;
  throw new InvalidInput(`The uuid ${episode.uuid} stands for another episode; leave it out to get a new one.`);
}

/** Whether two episodes with one uuid are the same one, handed in twice. */
export function isSame(one: Partial<Episode>, other: Episode): boolean {
  return one.group === other.group && one.content === other.content;
}

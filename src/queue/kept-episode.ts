import type { Job, Queue } from 'bullmq';
import { isKeyUuid } from '../derived-uuid.ts';
import type { Episode } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { isForgottenJob } from './forgotten-job.ts';

/**
 * What Valkey has under an episode's uuid: its name. A dead letter is replayed.
 * @throws InvalidInputError when it is another episode
 */
export async function nameKept(queue: Queue, episode: Episode): Promise<string> {
  const job = await queue.getJob(episode.uuid);
  const kept = job && keptEpisode(job, episode);
  if (!job || !kept?.name || kept.name === episode.name) return episode.name;
  if (await job.isFailed()) await replay(queue, episode.uuid);
  return kept.name;
}

/** Returns an ended job, such as a dead letter, to its queue as if it had never run. False when another process did so before. */
export async function replay(queue: Queue, jobId: string, state: 'failed' | 'completed' = 'failed'): Promise<boolean> {
  // Loaded here: a caller that must be back within 50 ms comes through this file, and BullMQ takes longer to load.
  const { Job } = await import('bullmq');
  // Whatever it carries is left alone, since it may be what cannot be read.
  const job = new Job(queue, '', {}, {}, jobId);
  try {
    // Else the next death of a worker would be one too many.
    await (await queue.getBackend().client).hdel(queue.toKey(jobId), 'stc');
    await job.retry(state, { resetAttemptsMade: true, resetAttemptsStarted: true });
    return true;
  } catch (error) {
    if ((await job.getState()) === state) throw error;
    return false;
  }
}

/** @throws InvalidInputError when Valkey has another episode under an episode's uuid */
export async function refuseOther(queue: Queue, episode: Episode): Promise<void> {
  const job = await queue.getJob(episode.uuid);
  if (job) keptEpisode(job, episode);
}

/** BullMQ ignores a job with an existing id, so the stored job may be another episode. */
function keptEpisode(job: Job, episode: Episode): Partial<Episode> {
  const kept = (job.data ?? {}) as Partial<Episode>;
  // Its text was removed; handing it in again restores nothing.
  if (isForgottenJob(kept) && kept.group === episode.group) return {};
  if (isSame(kept, episode)) return kept;
  throw new InvalidInputError(
    isKeyUuid(episode.uuid)
      ? `The key that makes the uuid ${episode.uuid} stands for another episode; give each text a key of its own.`
      : `The uuid ${episode.uuid} stands for another episode; leave it out to get a new one.`,
  );
}

/** Whether two episodes with one uuid are the same one, handed in twice. */
export function isSame(one: Partial<Episode>, other: Episode): boolean {
  return one.group === other.group && one.content === other.content;
}

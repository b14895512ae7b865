import type { Job, Queue } from 'bullmq';
import { isIdempotencyUuid } from '../derived-uuid.ts';
import type { Episode } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { resetStallCount } from './bullmq-layout.ts';
import { isForgottenJob } from './forgotten-job.ts';

/**
 * The name under which Valkey has an episode of this uuid already, or its own. A dead letter is replayed.
 * @throws InvalidInputError when the uuid belongs to another episode
 */
export async function existingName(queue: Queue, episode: Episode): Promise<string> {
  const job = await queue.getJob(episode.uuid);
  const existing = job && existingEpisode(job, episode);
  if (!job || !existing?.name || existing.name === episode.name) return episode.name;
  if (await job.isFailed()) await replayJob(queue, episode.uuid);
  return existing.name;
}

/** Returns an ended job, such as a dead letter, to its queue as if it had never run. False when another process did so before. */
export async function replayJob(
  queue: Queue,
  jobId: string,
  state: 'failed' | 'completed' = 'failed',
): Promise<boolean> {
  // Loaded when needed: a caller with a limit of 50 ms imports this file, and BullMQ takes longer to load.
  const { Job } = await import('bullmq');
  // The payload is not read, since it may be unreadable.
  const job = new Job(queue, '', {}, {}, jobId);
  try {
    await resetStallCount(queue, jobId);
    await job.retry(state, { resetAttemptsMade: true, resetAttemptsStarted: true });
    return true;
  } catch (error) {
    if ((await job.getState()) === state) throw error;
    return false;
  }
}

/** @throws InvalidInputError when Valkey has another episode under an episode's uuid */
export async function checkSameEpisode(queue: Queue, episode: Episode): Promise<void> {
  const job = await queue.getJob(episode.uuid);
  if (job) existingEpisode(job, episode);
}

/** BullMQ ignores a job with an existing id, so the stored job may be another episode. */
function existingEpisode(job: Job, episode: Episode): Partial<Episode> {
  const existing = (job.data ?? {}) as Partial<Episode>;
  // Its text was removed; storing it again restores nothing.
  if (isForgottenJob(existing) && existing.group === episode.group) return {};
  if (isSameEpisode(existing, episode)) return existing;
  throw new InvalidInputError(
    isIdempotencyUuid(episode.uuid)
      ? `This key belongs to another episode (${episode.uuid}); give each text its own key.`
      : `The uuid ${episode.uuid} belongs to another episode; leave the uuid out to get a new one.`,
  );
}

/** Whether two episodes with one uuid are the same one, stored twice. */
export function isSameEpisode(one: Partial<Episode>, other: Episode): boolean {
  return one.group === other.group && one.content === other.content;
}

import { checkGroup } from '../group.ts';
import { parseJson } from '../json.ts';
import { listOpenJobs } from './bullmq-open-jobs.ts';
import { postponement } from './failure-reason.ts';
import { firstWords } from './first-words.ts';
import { type QueueName, STORE_QUEUE, TASK_JOB } from './jobs.ts';
import type { OpenQueues } from './queues.ts';

/** A job that is neither done nor a dead letter. */
export interface WaitingJob {
  /** For an episode its uuid. */
  readonly id: string;
  readonly queue: QueueName;
  /** `store` for an episode, `export`, `nightly`, or the kind of a task, such as `forget`. */
  readonly job: string;
  /** `delayed`: it waits for its next attempt. */
  readonly state: 'active' | 'waiting' | 'delayed';
  /** Null when the payload names none. */
  readonly group: string | null;
  /** The first words of an episode's text, as stored; null for another job. */
  readonly text: string | null;
  readonly queuedAt: Date;
  /** Why its last attempt failed or was postponed, in a sentence; null if none was. */
  readonly reason: string | null;
  /** The kind of that failure, such as `EmbedderMismatchError`; null where it is not known. */
  readonly error: string | null;
  /** Since when it has waited for this cause; null without a cause. */
  readonly since: Date | null;
  /** The time of its next attempt; null unless it is delayed. */
  readonly nextTryAt: Date | null;
  /** Counted attempts; postponed ones do not count. */
  readonly attempts: number;
}

/** Characters of a text. */
export const FIRST_WORDS = 280;

/** Jobs of a queue that are neither done nor dead letters: those that run, then those that come next. */
export async function waitingJobs({ queues, ask }: OpenQueues, queue: QueueName, limit: number): Promise<WaitingJob[]> {
  const jobs = await ask((valkey) => listOpenJobs(queues[queue], valkey, limit, 8 * FIRST_WORDS));
  return jobs.map(({ id, state, name, group, kind, text, failedReason, progress, ...job }) => {
    const postponed = postponement(progress);
    const reason = postponed?.waitsFor ?? (failedReason || null);
    const error = postponed ? (postponed.error ?? null) : job.error;
    const queuedAt = new Date(job.addedAt);
    return {
      ...{ id, queue, job: name === TASK_JOB && kind ? kind : name, state, group: groupNamed(group) },
      text: name === STORE_QUEUE && text !== '' ? firstWords(jsonText(text), FIRST_WORDS) : null,
      ...{ queuedAt, reason, error: reason === null ? null : error, attempts: job.attempts },
      since: reason === null ? null : postponed?.since === undefined ? queuedAt : new Date(postponed.since),
      nextTryAt: job.dueAt === null ? null : new Date(job.dueAt),
    };
  });
}

function groupNamed(name: string): string | null {
  try {
    return checkGroup(name);
  } catch {
    return null;
  }
}

/** The text of which this is the beginning, as JSON writes it without its first quotation mark; an escape or a character may be cut. */
function jsonText(json: string): string {
  const [whole = ''] = /^(?:[^"\\]|\\(?:u[\da-fA-F]{4}|[^u]))*/s.exec(json) ?? [];
  const text = parseJson(`"${whole}"`);
  return typeof text === 'string' ? text.replace(/\uFFFD+$/, '').toWellFormed() : '';
}

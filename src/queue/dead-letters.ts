import type { Queue } from 'bullmq';
import { InvalidInputError } from '../errors.ts';
import { checkGroup } from '../group.ts';
import { carrierOf, traceIdOf } from '../telemetry/tracing.ts';
import { type FailedJob, listFailedJobs, type RawJob, readFailureTime, readRawJob } from './bullmq-layout.ts';
import { replayJob } from './existing-job.ts';
import { firstWords } from './first-words.ts';
import { type QueueName, STORE_QUEUE } from './jobs.ts';
import type { OpenQueues } from './queues.ts';
import { FIRST_WORDS } from './waiting-jobs.ts';

/** A dead letter: a job that failed permanently. It stays in Valkey until it is replayed or dropped. */
export interface DeadLetter {
  /** The job's id; for an episode its uuid. */
  readonly id: string;
  readonly queue: QueueName;
  /** `store`, `task` or `export`. */
  readonly job: string;
  /** Null when the payload names none. */
  readonly group: string | null;
  /** The first words of an episode's text, as stored; null for another job. */
  readonly text: string | null;
  /** The reason, in a sentence. */
  readonly reason: string;
  /** The kind of the failure, such as `UnusableReplyError`; null for none. */
  readonly error: string | null;
  /** Counted attempts; postponed ones do not count. */
  readonly attempts: number;
  readonly queuedAt: Date;
  readonly failedAt: Date;
  /** The id of its trace in Datadog and in the log; null for none. */
  readonly traceId: string | null;
}

export interface DeadLetterDetails extends DeadLetter {
  /** The job's stored payload; text if it is not JSON. */
  readonly payload: unknown;
  /** Details of the failures, oldest first: stack frames and the messages of unexpected errors. */
  readonly details: readonly string[];
}

export interface DeadLetterStore {
  /** The latest first. @throws StoreUnreachableError, AccessRefusedError, WrongServerError, as all of these */
  list(queues: readonly QueueName[], limit: number, skip: number): Promise<DeadLetter[]>;
  /** @throws InvalidInputError when there is no dead letter of that id */
  show(queues: readonly QueueName[], id: string): Promise<DeadLetterDetails>;
  /**
   * Puts jobs back into their queues, with the same ids and without counted attempts. @throws InvalidInputError for an unknown id, before the
   * first
   */
  replay(queues: readonly QueueName[], ids: readonly string[] | 'all'): Promise<number>;
  /** Deletes jobs permanently. @throws InvalidInputError for an unknown id, before the first */
  drop(queues: readonly QueueName[], ids: readonly string[] | 'all'): Promise<number>;
}

/** Jobs for each call, so that no round trip takes close to the second after which Valkey counts as away. */
const AT_ONCE = 100;

interface LocatedJob extends FailedJob {
  readonly queue: QueueName;
}

export function openDeadLetterStore({ connection, queues, ask }: OpenQueues): DeadLetterStore {
  /** @param most the maximum for each queue; -1 for all */
  async function newest(names: readonly QueueName[], most = -1): Promise<LocatedJob[]> {
    const letters = await Promise.all(
      names.map(async (queue) =>
        (await listFailedJobs(queues[queue], connection, most)).map((job) => ({ queue, ...job })),
      ),
    );
    return letters.flat().sort((a, b) => b.failedAt - a.failedAt);
  }

  async function find(names: readonly QueueName[], id: string): Promise<LocatedJob> {
    for (const queue of names) {
      const failedAt = await readFailureTime(queues[queue], connection, id);
      if (failedAt !== null) return { queue, id, failedAt };
    }
    throw new InvalidInputError(
      `There is no dead letter "${id.slice(0, 80)}"; \`memory-manager dead-letter list\` shows all.`,
    );
  }

  async function whole({ queue, id, failedAt }: LocatedJob): Promise<DeadLetterDetails | undefined> {
    const raw = await readRawJob(queues[queue], connection, id);
    if (!raw) return undefined;
    const { logs } = await queues[queue].getJobLogs(id);
    return { ...letterOf(queue, id, failedAt, raw), payload: raw.data, details: [...raw.stacktrace, ...logs] };
  }

  /** Oldest first, in the order in which the jobs were queued. */
  async function each(
    names: readonly QueueName[],
    ids: readonly string[] | 'all',
    act: (queue: Queue, id: string) => Promise<boolean>,
  ): Promise<number> {
    const selected =
      ids === 'all'
        ? (await ask(() => newest(names))).reverse()
        : await ask(() => Promise.all([...new Set(ids)].map((id) => find(names, id))));
    let done = 0;
    for (let start = 0; start < selected.length; start += AT_ONCE) {
      const part = selected.slice(start, start + AT_ONCE);
      const acted = await ask(() => Promise.all(part.map(({ queue, id }) => act(queues[queue], id))));
      done += acted.filter(Boolean).length;
    }
    return done;
  }

  return {
    list: (names, limit, skip) =>
      ask(async () => {
        const page = (await newest(names, skip + limit)).slice(skip, skip + limit);
        const letters = await Promise.all(
          page.map(async ({ queue, id, failedAt }) => {
            const raw = await readRawJob(queues[queue], connection, id);
            return raw && letterOf(queue, id, failedAt, raw);
          }),
        );
        return letters.filter((letter) => letter !== undefined);
      }),
    show: (names, id) =>
      ask(async () => {
        const letter = await whole(await find(names, id));
        if (letter) return letter;
        throw new InvalidInputError(`The dead letter "${id}" was dropped in the meantime.`);
      }),
    replay: (names, ids) => each(names, ids, replayJob),
    drop: (names, ids) => each(names, ids, async (queue, id) => (await queue.remove(id)) === 1),
  };
}

function letterOf(queue: QueueName, id: string, failedAt: number, raw: RawJob): DeadLetter {
  const { name, data, failedReason, stacktrace, attemptsMade, timestamp, telemetry } = raw;
  return {
    id,
    queue,
    job: name,
    group: groupOf(data),
    text: name === STORE_QUEUE ? textOf(data) : null,
    reason: KNOWN_REASONS[failedReason] ?? failedReason,
    error: /^(\w+)(?::|$)/.exec(stacktrace.at(-1) ?? '')?.[1] ?? null,
    attempts: attemptsMade,
    queuedAt: new Date(timestamp),
    failedAt: new Date(failedAt),
    traceId: traceIdOf(carrierOf(telemetry)) ?? null,
  };
}

/** Explanations of BullMQ's own reasons, for failures that no worker could report. */
const KNOWN_REASONS: Readonly<Record<string, string>> = {
  'job stalled more than allowable limit':
    'Workers that held it died more often than MEMORY_STALLED_LIMIT allows; it may be what kills them.',
};

function textOf(data: unknown): string | null {
  const { content } = (data ?? {}) as { content?: unknown };
  return typeof content === 'string' ? firstWords(content, FIRST_WORDS) : null;
}

function groupOf(data: unknown): string | null {
  try {
    return checkGroup((data as { group: string }).group);
  } catch {
    return null;
  }
}

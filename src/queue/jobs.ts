import { randomUUID } from 'node:crypto';
import type { JobsOptions } from 'bullmq';
import * as z from 'zod/mini';
import type { Episode } from '../episode.ts';
import { InvalidInputError, isFailure, NewerJobError } from '../errors.ts';
import { checkGroup } from '../group.ts';
import { HOUR, MINUTE, SECOND } from '../time.ts';

export type QueueName = 'store' | 'export';
export const STORE_QUEUE = 'store';
export const EXPORT_QUEUE = 'export';
/** The name of a job on the `store` queue that carries a task instead of an episode. */
export const TASK_JOB = 'task';
/** The name of a job on the `export` queue that exports every memory, once per tick of the schedule. */
export const NIGHTLY_JOB = 'nightly';

const instant = z.pipe(
  z.iso.datetime(),
  z.transform((text) => new Date(text)),
);
const group = z.pipe(z.string(), z.transform(checkGroup));

/**
 * The version of all payloads below. A job carries the lowest version that can read it: a new job name, kind of task or field gets the next
 * version, so that workers of this release leave the job to newer ones. Jobs of earlier versions must stay readable.
 */
const VERSION = 1;

/**
 * Leaves a job to newer workers if its version says that they can read it, and it names a group or a tick as all our jobs do. Anything else
 * that cannot be read becomes a dead letter.
 * @throws NewerJobError
 */
function checkVersion(data: unknown, job: string): void {
  const newer = newerJob.safeParse(data);
  if (newer.success)
    throw new NewerJobError(
      `The ${job} job has version ${newer.data.version}, and this worker reads version ${VERSION}; the job waits for a worker of a newer release.`,
    );
}

const newerVersion = z.int().check(z.gt(VERSION));
const newerJob = z.union([
  z.object({ version: newerVersion, group }),
  z.object({ version: newerVersion, tick: instant }),
]);

/** The payload of a `store` job. */
const storeJob = z.strictObject({
  version: z.literal(VERSION),
  uuid: z.uuid(),
  name: z.string(),
  group,
  content: z.string().check(z.minLength(1)),
  source: z.enum(['message', 'text', 'json', 'fact_triple']),
  sourceDescription: z.string(),
  referenceTime: instant,
  createdAt: instant,
  metadata: z.nullable(z.record(z.string(), z.unknown())),
  saga: z._default(z.nullable(z.string()), null),
});

const exportJob = z.strictObject({
  version: z.literal(VERSION),
  group,
  gzip: z._default(z.boolean(), false),
  /** True: a restore test follows, and if it succeeds, older archives are pruned. */
  nightly: z._default(z.boolean(), false),
  /** The archive that an earlier attempt wrote. */
  written: z.optional(z.string()),
});
const nightlyJob = z.strictObject({ version: z.literal(VERSION), tick: instant });

const task = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('communities') }),
  z.strictObject({ kind: z.literal('summarize-saga'), saga: z.string().check(z.minLength(1)) }),
  z.strictObject({ kind: z.literal('summaries') }),
  z.strictObject({ kind: z.literal('passages') }),
  // Uuids only: a job must not contain forgotten text.
  z.strictObject({
    kind: z.literal('forget'),
    episodes: z.array(z.uuid()),
    facts: z.array(z.string()),
    entities: z.array(z.string()),
    withEpisodes: z._default(z.boolean(), false),
  }),
  // Removes the whole group.
  z.strictObject({ kind: z.literal('forget-group') }),
  // Forgets the episodes whose expiry has come.
  z.strictObject({ kind: z.literal('expire') }),
  // Masks the secrets that today's rules find.
  z.strictObject({ kind: z.literal('redact') }),
  z.strictObject({ kind: z.literal('archive-forgotten') }),
  z.strictObject({ kind: z.literal('confirm'), episode: z.string().check(z.minLength(1)) }),
  // Ends rules of an episode, which are named by their hashes.
  z.strictObject({ kind: z.literal('unpin'), episode: z.string().check(z.minLength(1)), rules: z.array(z.string()) }),
  // The graph's new embedder; only a worker with this embedder runs the task.
  z.strictObject({ kind: z.literal('reembed'), model: z.string(), dimension: z.int() }),
]);
const taskJob = z.strictObject({ version: z.literal(VERSION), group, task });

/** A change of a group's graph other than storing an episode. */
export type Task = z.output<typeof task>;
export type TaskJob = z.input<typeof taskJob>;
export type StoreJob = z.input<typeof storeJob>;
export type ExportJob = z.input<typeof exportJob>;
export type NightlyJob = z.input<typeof nightlyJob>;

export function toStoreJob(episode: Episode): StoreJob {
  const { referenceTime, createdAt, ...rest } = episode;
  return { version: VERSION, ...rest, referenceTime: referenceTime.toISOString(), createdAt: createdAt.toISOString() };
}

/** @throws InvalidInputError when the payload cannot be read, NewerJobError when newer workers can read it */
export function readStoreJob(data: unknown): Episode {
  const { version: _, ...episode } = read(storeJob, data, STORE_QUEUE);
  return episode;
}

/** @throws InvalidInputError when the payload cannot be read, NewerJobError when newer workers can read it */
export function readExportJob(data: unknown): z.output<typeof exportJob> {
  return read(exportJob, data, EXPORT_QUEUE);
}

/** @throws InvalidInputError when the payload cannot be read, NewerJobError when newer workers can read it */
export function readNightlyJob(data: unknown): { tick: Date } {
  return read(nightlyJob, data, NIGHTLY_JOB);
}

/** @throws InvalidInputError when the payload cannot be read, NewerJobError when newer workers can read it */
export function readTaskJob(data: unknown): { group: string; task: Task } {
  checkTaskKind(data);
  const { version: _, ...rest } = read(taskJob, data, TASK_JOB);
  return rest;
}

/** The form of every kind. A text of another form is not quoted, since it may be content. */
const unknownTask = z.object({
  version: z.literal(VERSION),
  group,
  task: z.object({
    kind: z.string().check(
      z.regex(/^[a-z]{1,20}(?:-[a-z]{1,20}){0,3}$/),
      z.refine(
        (kind) => !task.def.options.some((option) => option.shape.kind.def.values.some((known) => known === kind)),
      ),
    ),
  }),
});

/** A release that adds a kind raises the version. If it forgot to, the task still waits for that release. @throws NewerJobError */
function checkTaskKind(data: unknown): void {
  const unknown = unknownTask.safeParse(data);
  if (unknown.success)
    throw new NewerJobError(
      `This worker does not know tasks of the kind "${unknown.data.task.kind}"; the job waits for a worker of a newer release.`,
    );
}

/** For a job whose name this release does not know. @throws InvalidInputError, or NewerJobError when newer workers can read it */
export function refuseJob(name: string, data: unknown): never {
  checkVersion(data, name);
  throw new InvalidInputError(`This worker does not know jobs named "${name}".`);
}

function read<T extends z.ZodMiniType>(shape: T, data: unknown, job: string): z.output<T> {
  checkVersion(data, job);
  const parsed = shape.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InvalidInputError(
    `The ${job} job's payload cannot be read: ${issue?.path.join('.') || 'payload'}: ${reason(issue)}.`,
    { cause: parsed.error },
  );
}

/** `zod/mini` has no messages. The payload is not quoted, since it may be content. */
function reason(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_value') return `it must be ${issue.values.join(' or ')}`;
  if (issue?.code === 'invalid_type') return `it must be ${EXPECTED[issue.expected] ?? `a ${issue.expected}`}`;
  if (issue?.code === 'invalid_format') return `it must be ${EXPECTED[issue.format] ?? `a ${issue.format}`}`;
  if (issue?.code === 'too_small') return 'it must not be empty';
  if (issue?.code === 'unrecognized_keys') return 'it has fields that this version does not know';
  if (issue?.code === 'invalid_union') return 'it must be one that this version knows';
  return 'it is not valid';
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'an object',
  record: 'an object',
  datetime: 'a time such as 2026-11-22T08:30:00Z',
};

/** The name of our backoff strategy in BullMQ. */
export const BACKOFF_STRATEGY = 'jittered';
const FIRST_WAIT = 0.5 * SECOND;
const LONGEST_WAIT = 30 * SECOND;
const MAX_RETRY_AFTER = 10 * MINUTE;

/**
 * Milliseconds until the next attempt of a job. The delay doubles from 0.5 s to 30 s, and half of it is random, so that jobs that failed
 * together are not retried together.
 */
export function backoff(attempt: number): number {
  const wait = Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT);
  return wait / 2 + (Math.random() * wait) / 2;
}

/**
 * Milliseconds that a postponed job waits; no attempt is counted. A server's `retryAfterMs` is respected; a job that waits for another
 * worker's commit waits at most 2 s.
 * @param postponements how often the job was postponed, including this time
 */
export function postponeDelay(error: Error, postponements: number): number {
  const { retryAfterMs = null } = error as { retryAfterMs?: number | null };
  if (retryAfterMs !== null)
    return Math.min(retryAfterMs, MAX_RETRY_AFTER) + Math.random() * Math.min(SECOND + retryAfterMs / 10, 5 * SECOND);
  return backoff(isFailure(error, 'StaleFenceError', 'TimedOutError') ? Math.min(postponements, 3) : postponements);
}

/**
 * Ended jobs stay: their ids make a second delivery a no-op, and a rebuilt graph is compared with finished `store` jobs. Failed jobs stay
 * until a user handles them.
 */
export const STORE_OPTIONS: JobsOptions = {
  attempts: 10,
  backoff: { type: BACKOFF_STRATEGY },
  removeOnComplete: { age: (30 * 24 * HOUR) / SECOND },
  removeOnFail: false,
};

export const EXPORT_OPTIONS: JobsOptions = {
  attempts: 5,
  backoff: { type: BACKOFF_STRATEGY },
  removeOnComplete: { age: (7 * 24 * HOUR) / SECOND },
  removeOnFail: { age: (30 * 24 * HOUR) / SECOND },
};

/** Delay that collects long summaries, so that an entity in many episodes is summarized once. */
const SUMMARIES_GATHER = 10 * SECOND;

/**
 * How a task is queued. Each is a separate job, except for `summaries`: the first of those requested within ten seconds does the work of all,
 * since it starts after that time. Its job is removed when it ends, so that the next one is not taken for a duplicate.
 */
export function taskOptions(group: string, { kind }: Task, now: Date): JobsOptions & { readonly jobId: string } {
  const { attempts, backoff } = STORE_OPTIONS;
  const retention = {
    removeOnComplete: { age: (7 * 24 * HOUR) / SECOND },
    removeOnFail: { age: (30 * 24 * HOUR) / SECOND },
  };
  // One job at a time, however many workers request it.
  if (kind === 'passages' || kind === 'expire')
    return { attempts, backoff, removeOnComplete: true, removeOnFail: true, jobId: `${kind}-${group}` };
  if (kind !== 'summaries') return { attempts, backoff, ...retention, jobId: `${kind}-${group}-${randomUUID()}` };
  const period = Math.floor(now.getTime() / SUMMARIES_GATHER);
  return {
    attempts,
    backoff,
    ...retention,
    removeOnComplete: true,
    delay: SUMMARIES_GATHER,
    jobId: `${kind}-${group}-${period}`,
  };
}

import { randomUUID } from 'node:crypto';
import type { JobsOptions } from 'bullmq';
import * as z from 'zod/mini';
import type { Episode } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { checkGroup } from '../group.ts';
import { HOUR, MINUTE, SECOND } from '../time.ts';

export const STORE_QUEUE = 'store';
export const EXPORT_QUEUE = 'export';
/** The name of a job on the `store` queue that carries a task instead of an episode. */
export const TASK = 'task';
/** The name of a job on the `export` queue that lets every memory be exported, once for each tick of the schedule. */
export const NIGHTLY = 'nightly';

const instant = z.pipe(
  z.iso.datetime(),
  z.transform((text) => new Date(text)),
);
const group = z.pipe(z.string(), z.transform(checkGroup));

/** What a `store` job carries. A change of its shape gets a new version; old jobs must stay readable. */
const storeJob = z.strictObject({
  version: z.literal(1),
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
  version: z.literal(1),
  group,
  gzip: z._default(z.boolean(), false),
  /** True: it is also restored on trial, and if that went well older archives are pruned. */
  nightly: z._default(z.boolean(), false),
  /** The archive that an earlier try has written. */
  written: z.optional(z.string()),
});
const nightlyJob = z.strictObject({ version: z.literal(1), tick: instant });

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
  z.strictObject({ kind: z.literal('archive-forgotten') }),
  z.strictObject({ kind: z.literal('confirm'), episode: z.string().check(z.minLength(1)) }),
  // The embedder that the graph is to have; only a worker with that one does it.
  z.strictObject({ kind: z.literal('reembed'), model: z.string(), dimension: z.int() }),
]);
const taskJob = z.strictObject({ version: z.literal(1), group, task });

/** Something to be done to a group's graph that is no episode. */
export type Task = z.output<typeof task>;
export type TaskJob = z.input<typeof taskJob>;
export type StoreJob = z.input<typeof storeJob>;
export type ExportJob = z.input<typeof exportJob>;
export type NightlyJob = z.input<typeof nightlyJob>;

export function toStoreJob(episode: Episode): StoreJob {
  const { referenceTime, createdAt, ...rest } = episode;
  return { version: 1, ...rest, referenceTime: referenceTime.toISOString(), createdAt: createdAt.toISOString() };
}

/** @throws InvalidInputError when the payload is not one that this version reads */
export function readStoreJob(data: unknown): Episode {
  const { version: _, ...episode } = read(storeJob, data, STORE_QUEUE);
  return episode;
}

/** @throws InvalidInputError when the payload is not one that this version reads */
export function readExportJob(data: unknown): z.output<typeof exportJob> {
  return read(exportJob, data, EXPORT_QUEUE);
}

/** @throws InvalidInputError when the payload is not one that this version reads */
export function readNightlyJob(data: unknown): { tick: Date } {
  return read(nightlyJob, data, NIGHTLY);
}

/** @throws InvalidInputError when the payload is not one that this version reads */
export function readTaskJob(data: unknown): { group: string; task: Task } {
  const { version: _, ...rest } = read(taskJob, data, TASK);
  return rest;
}

function read<T extends z.ZodMiniType>(shape: T, data: unknown, queue: string): z.output<T> {
  const parsed = shape.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InvalidInputError(
    `The ${queue} job's payload cannot be read: ${issue?.path.join('.') || 'payload'}: ${reason(issue)}.`,
    { cause: parsed.error },
  );
}

/** `zod/mini` comes without any sentences. What stands in the payload is not repeated: it may be content. */
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

/** The name of our backoff among BullMQ's. */
export const BACKOFF = 'jittered';
const FIRST_WAIT = 0.5 * SECOND;
const LONGEST_WAIT = 30 * SECOND;
const LONGEST_TOLD = 10 * MINUTE;

/**
 * Milliseconds until the next try of a job that was tried so often. Doubles from 0.5 s to 30 s, the last half of which is chance,
 * so that jobs that failed together do not come back together.
 */
export function backoff(attempt: number): number {
  const wait = Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT);
  return wait / 2 + (Math.random() * wait) / 2;
}

/**
 * Milliseconds that a postponed job waits; no attempt is counted. A server's `retryAfter` is respected; a job that waits for another
 * worker's commit waits at most 2 s.
 * @param waits how often it has waited before, and this time
 */
export function waitAfter(error: Error, waits: number): number {
  const retryAfter = (error as { retryAfter?: number | null }).retryAfter ?? null;
  if (retryAfter !== null)
    return Math.min(retryAfter, LONGEST_TOLD) + Math.random() * Math.min(SECOND + retryAfter / 10, 5 * SECOND);
  return backoff(['StaleFenceError', 'TimedOutError'].includes(error.name) ? Math.min(waits, 3) : waits);
}

/**
 * Ended jobs stay: their ids make a second delivery a no-op, and with finished `store` jobs a rebuilt graph is compared. Failed ones stay
 * until a user handles them.
 */
export const STORE_OPTIONS: JobsOptions = {
  attempts: 10,
  backoff: { type: BACKOFF },
  removeOnComplete: { age: (30 * 24 * HOUR) / SECOND },
  removeOnFail: false,
};

export const EXPORT_OPTIONS: JobsOptions = {
  attempts: 5,
  backoff: { type: BACKOFF },
  removeOnComplete: { age: (7 * 24 * HOUR) / SECOND },
  removeOnFail: { age: (30 * 24 * HOUR) / SECOND },
};

/** Delay that collects long summaries, so that an entity in many episodes is summarized once. */
const SUMMARIES_GATHER = 10 * SECOND;

/**
 * How a task is queued. Each is a job of its own, but for `summaries`: of those that are asked for within ten seconds the first
 * does the work of all, since it begins after that. It leaves nothing behind that the next could be taken for.
 */
export function taskOptions(group: string, { kind }: Task, now: Date): JobsOptions & { readonly jobId: string } {
  const { attempts, backoff } = STORE_OPTIONS;
  const kept = {
    removeOnComplete: { age: (7 * 24 * HOUR) / SECOND },
    removeOnFail: { age: (30 * 24 * HOUR) / SECOND },
  };
  // However many workers notice it, once at a time.
  if (kind === 'passages')
    return { attempts, backoff, removeOnComplete: true, removeOnFail: true, jobId: `${kind}-${group}` };
  if (kind !== 'summaries') return { attempts, backoff, ...kept, jobId: `${kind}-${group}-${randomUUID()}` };
  const period = Math.floor(now.getTime() / SUMMARIES_GATHER);
  return {
    attempts,
    backoff,
    ...kept,
    removeOnComplete: true,
    delay: SUMMARIES_GATHER,
    jobId: `${kind}-${group}-${period}`,
  };
}

import type { Job, JobsOptions, Queue } from 'bullmq';
import * as z from 'zod/mini';
import {
  type RestoreTest,
  type RestoreTestResult,
  readRestoreTests,
  removeRestoreTests,
  storeRestoreTest,
} from '../schedule/restore-tests.ts';
import { openScheduleState, readSchedule, type ScheduleState, storeNextTick } from '../schedule/run-due-ticks.ts';
import { carrier, jobTelemetry } from '../telemetry/tracing.ts';
import { timestamp } from '../time.ts';
import { EXPORT_OPTIONS, EXPORT_QUEUE, type ExportJob, NIGHTLY_JOB, type NightlyJob } from './jobs.ts';
import type { OpenQueues } from './queues.ts';

/** The nightly exports as recorded in Valkey. All methods throw StoreUnreachableError, AccessRefusedError, WrongServerError. */
export interface NightlyExports {
  readonly schedule: ScheduleState;
  /** Adds the tick's job; a second call for the same tick has no effect. */
  add(tick: Date): Promise<void>;
  /** The same for the exports of the tick, one for each group. */
  addExports(tick: Date, groups: readonly string[]): Promise<void>;
  /** Adds one such export, since a group's journal has a gap; a second call has no effect while the first job waits. */
  addExport(group: string): Promise<void>;
  /** When the next tick is due; null when the schedule is off. */
  noteNext(next: Date | null): Promise<void>;
  storeRestoreTest(group: string, result: RestoreTestResult): Promise<void>;
  /** Removes the results of memories that no longer exist. */
  removeRestoreTests(groups: readonly string[]): Promise<void>;
  /** The latest restore tests, by group. */
  restoreTests(): Promise<ReadonlyMap<string, RestoreTest>>;
  last(): Promise<NightlyState>;
}

export interface NightlyState {
  /** Null while the schedule is off. */
  readonly next: Date | null;
  /** The last tick; null for none yet. */
  readonly last: Date | null;
  /** The outcome of the last tick; null while it is unknown, and after its job expired. */
  readonly outcome: NightlyOutcome | null;
  /** The groups that the tick exports; null while they are unknown, and after the job expired. */
  readonly groups: readonly string[] | null;
  /** True while the tick's job waits or runs, before any memory is exported. */
  readonly isPending: boolean;
}

/** The progress of a night: how many memories there are, and how many exports with their restore tests succeeded or failed. */
export interface NightlyOutcome {
  readonly groups: number;
  readonly done: number;
  readonly failed: number;
  /** Why the tick itself failed, before any memory was exported. */
  readonly error?: string;
}

// Only letters, digits, points and hyphens, since BullMQ allows no colon.
const nightId = (tick: Date): string => `${NIGHTLY_JOB}-${timestamp(tick)}`;
const exportId = (tick: Date, group: string): string => `${nightId(tick)}-${group}`;
const nightlyExport = (group: string): ExportJob => ({ version: 1, group, nightly: true });
const result = z.object({ groups: z.array(z.string()) });

export function openNightlyExports({ connection, queues, config, ask }: OpenQueues): NightlyExports {
  const queue = queues.export;
  const prefix = config.queuePrefix;
  const options = (jobId: string): JobsOptions => ({
    ...EXPORT_OPTIONS,
    jobId,
    telemetry: jobTelemetry(carrier()),
  });
  const { read, advance } = openScheduleState(connection, prefix);

  return {
    schedule: { read: () => ask(read), advance: (last, next) => ask(() => advance(last, next)) },
    async add(tick) {
      const data: NightlyJob = { version: 1, tick: tick.toISOString() };
      await ask(() => queue.add(NIGHTLY_JOB, data, options(nightId(tick))));
    },
    async addExports(tick, groups) {
      await ask(() =>
        queue.addBulk(
          groups.map((group) => ({
            name: EXPORT_QUEUE,
            data: nightlyExport(group),
            opts: options(exportId(tick, group)),
          })),
        ),
      );
    },
    async addExport(group) {
      const deduplication = { id: `gap-${group}` };
      await ask(() =>
        queue.add(EXPORT_QUEUE, nightlyExport(group), {
          ...options(`gap-${group}-${timestamp(new Date())}`),
          deduplication,
        }),
      );
    },
    noteNext: (next) => ask(() => storeNextTick(connection, prefix, next)),
    storeRestoreTest: (group, outcome) => ask(() => storeRestoreTest(connection, prefix, group, outcome)),
    removeRestoreTests: (groups) => ask(() => removeRestoreTests(connection, prefix, groups)),
    restoreTests: () => ask(() => readRestoreTests(connection, prefix)),
    last: () =>
      ask(async () => {
        const { last, next } = await readSchedule(connection, prefix);
        const job = last && (await queue.getJob(nightId(last)));
        const groups = job?.finishedOn ? groupsOf(job) : null;
        const outcome = last && job?.finishedOn ? await outcomeOf(queue, last, groups, job.failedReason) : null;
        return { next, last, outcome, groups, isPending: Boolean(job && !job.finishedOn) };
      }),
  };
}

/** Null for a job that failed. */
function groupsOf(job: Job): readonly string[] | null {
  const parsed = result.safeParse(job.returnvalue);
  return parsed.success ? parsed.data.groups : null;
}

/** Read from the jobs themselves, so that it also counts jobs that could not finish. */
async function outcomeOf(
  queue: Queue,
  tick: Date,
  groups: readonly string[] | null,
  failedReason: string,
): Promise<NightlyOutcome> {
  if (!groups) return { groups: 0, done: 0, failed: 0, error: failedReason };
  const states = await Promise.all(groups.map((group) => queue.getJobState(exportId(tick, group))));
  const count = (state: string) => states.filter((jobState) => jobState === state).length;
  return { groups: groups.length, done: count('completed'), failed: count('failed') };
}

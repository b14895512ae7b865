import type { Job, JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { openScheduleState, readSchedule, type ScheduleState, storeNext } from '../schedule/due.ts';
import {
  pruneRestoreTests,
  type RestoreTest,
  type RestoreTestResult,
  readRestoreTests,
  storeRestoreTest,
} from '../schedule/restore-tests.ts';
import { carrier, jobTelemetry } from '../telemetry/carrier.ts';
import { timestamp } from '../time.ts';
import { EXPORT_OPTIONS, EXPORT_QUEUE, type ExportJob, NIGHTLY, type NightlyJob } from './jobs.ts';

/** The nightly exports, as far as Valkey knows of them. All throw StoreUnreachableError, AccessRefusedError, WrongServerError. */
export interface Nights {
  readonly schedule: ScheduleState;
  /** Adds the tick's job; nothing comes of a second call for the same tick. */
  add(tick: Date): Promise<void>;
  /** The same for the exports of the tick, one for each group. */
  addExports(tick: Date, groups: readonly string[]): Promise<void>;
  /** One such export at once, since a group's journal has a gap; nothing comes of a second call while one waits. */
  addExport(group: string): Promise<void>;
  /** When the next tick is due; null when the schedule is off. */
  noteNext(next: Date | null): Promise<void>;
  storeRestoreTest(group: string, result: RestoreTestResult): Promise<void>;
  /** Removes the results of all other groups. */
  pruneRestoreTests(groups: readonly string[]): Promise<void>;
  /** What of the trials to restore is known, by group. */
  restoreTests(): Promise<ReadonlyMap<string, RestoreTest>>;
  last(): Promise<LastNight>;
}

export interface LastNight {
  /** Null while the schedule is off. */
  readonly next: Date | null;
  /** The last tick; null for none yet. */
  readonly last: Date | null;
  /** What came of it; null when that is not known yet, or any more. */
  readonly outcome: Outcome | null;
  /** True while its job waits or is worked on, before any memory is exported. */
  readonly isPending: boolean;
}

/** How many memories' exports, each with its trial, are how far. */
export interface Outcome {
  readonly groups: number;
  readonly done: number;
  readonly failed: number;
  /** Why the tick itself failed, before any memory was exported. */
  readonly said?: string;
}

// Letters, digits, points and hyphens: BullMQ takes no colon.
const nightId = (tick: Date): string => `${NIGHTLY}-${timestamp(tick)}`;
const exportId = (tick: Date, group: string): string => `${nightId(tick)}-${group}`;
const nightlyExport = (group: string): ExportJob => ({ version: 1, group, nightly: true });
const result = z.object({ groups: z.array(z.string()) });

export function openNights(
  connection: Redis,
  queue: Queue,
  prefix: string,
  ask: <T>(work: () => Promise<T>) => Promise<T>,
): Nights {
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
      await ask(() => queue.add(NIGHTLY, data, options(nightId(tick))));
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
    noteNext: (next) => ask(() => storeNext(connection, prefix, next)),
    storeRestoreTest: (group, outcome) => ask(() => storeRestoreTest(connection, prefix, group, outcome)),
    pruneRestoreTests: (groups) => ask(() => pruneRestoreTests(connection, prefix, groups)),
    restoreTests: () => ask(() => readRestoreTests(connection, prefix)),
    last: () =>
      ask(async () => {
        const { last, next } = await readSchedule(connection, prefix);
        const job = last && (await queue.getJob(nightId(last)));
        const outcome = last && job?.finishedOn ? await outcomeOf(queue, last, job) : null;
        return { next, last, outcome, isPending: Boolean(job && !job.finishedOn) };
      }),
  };
}

/** Read from the jobs themselves, so that it also counts jobs that could not finish. */
async function outcomeOf(queue: Queue, tick: Date, job: Job): Promise<Outcome> {
  const found = result.safeParse(job.returnvalue);
  if (!found.success) return { groups: 0, done: 0, failed: 0, said: job.failedReason };
  const { groups } = found.data;
  const states = await Promise.all(groups.map((group) => queue.getJobState(exportId(tick, group))));
  const count = (state: string) => states.filter((it) => it === state).length;
  return { groups: groups.length, done: count('completed'), failed: count('failed') };
}

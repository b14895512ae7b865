import {
  DelayedError,
  type Job,
  type Processor,
  type Queue,
  RateLimitError,
  UnrecoverableError,
  WaitingError,
} from 'bullmq';
import type { Address } from '../src/config.ts';
import { type Fate, fateOf, isForeseen } from '../src/errors.ts';
import { checkGroup } from '../src/group.ts';
import { waitNote, waitReason } from '../src/queue/job-state.ts';
import { EXPORT_QUEUE, NIGHTLY, STORE_QUEUE, TASK, waitAfter } from '../src/queue/jobs.ts';
import { carrierOf } from '../src/telemetry/carrier.ts';
import { harmless } from '../src/telemetry/harmless.ts';
import { type Metrics, NO_METRICS } from '../src/telemetry/metrics.ts';
import { trace } from '../src/telemetry/tracing.ts';
import { SECOND } from '../src/time.ts';
import { explainValkey, isAboutServer } from '../src/valkey/failures.ts';

/** To whom a worker tells what happens. */
export interface Told {
  readonly metrics?: Metrics;
  /** Called with a sentence for the log when something fails. */
  readonly onNotice?: (sentence: string) => void;
}

/** So long the whole queue rests when a store is away, and half as long again at most; then a few jobs try anew. */
const STORE_RESTS = 1 * SECOND;
const STORES_AWAY = ['StoreUnreachableError', 'WrongServerError', 'AccessRefusedError'];

/**
 * What BullMQ calls for each job: does its work and, where that fails, what the table in `errors.ts` says. Only `retried` counts
 * an attempt. When the worker has to go, the job is handed back and counts none either; what goes on of it meanwhile does no
 * harm, since doing it again changes nothing.
 * @param queue on a connection that waits for Valkey
 * @param valkey where that is
 */
export function jobProcessor(
  queue: Queue,
  valkey: Address,
  work: (job: Job) => Promise<unknown>,
  told: Told,
): Processor {
  const tell = teller(queue, told);
  // BullMQ gives the signal only to functions with three parameters.
  return async (job: Job, token: string | undefined, signal: AbortSignal | undefined) => {
    try {
      return await untilAborted(signal, traced(job, work));
    } catch (thrown) {
      if (signal?.aborted) {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      // Leases, memos and versions give their failures as they come; FalkorDB's are explained by its pool.
      const error = isAboutServer(thrown) ? explainValkey(thrown, valkey) : thrown;
      const fate = fateOf(error);
      tell(job, fate, error);
      if (fate === 'waits') throw await waiting(queue, job, token, error as Error);
      const failure = await sayable(job, error);
      if (fate === 'retried') throw failure;
      throw Object.assign(new UnrecoverableError(failure.message), { stack: failure.stack });
    }
  };
}

const KNOWN_JOBS: readonly string[] = [STORE_QUEUE, TASK, EXPORT_QUEUE, NIGHTLY];

function traced(job: Job, work: (job: Job) => Promise<unknown>): Promise<unknown> {
  const resource = KNOWN_JOBS.includes(job.name) ? job.name : 'unknown';
  const tags = { attempt: job.attemptsMade + 1, ...groupTag(job.data) };
  return trace('memory.job', { resource, childOf: carrierOf(job.opts.telemetry), tags }, () => work(job));
}

/** Of a payload that nobody has checked yet. */
function groupTag(data: unknown): { group?: string } {
  try {
    return { group: checkGroup((data as { group: string }).group) };
  } catch {
    return {};
  }
}

async function untilAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error('The worker has to go.'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Puts the job, or the whole queue, to rest and gives what tells BullMQ so. */
async function waiting(queue: Queue, job: Job, token: string | undefined, error: Error): Promise<Error> {
  try {
    await job.updateProgress(waitNote(error.message));
    if (STORES_AWAY.includes(error.name)) {
      // One job's failure tells that all would fail, so the whole queue rests.
      await queue.rateLimit(Math.round(STORE_RESTS * (1 + Math.random() / 2)));
      return new RateLimitError();
    }
    const waits = job.attemptsStarted - job.attemptsMade;
    await job.moveToDelayed(Date.now() + Math.round(waitAfter(error, waits)), token);
    return new DelayedError();
  } catch (refused) {
    // A Valkey that takes nothing takes no note either. Given to BullMQ as it is, that would count an attempt.
    if (isAboutServer(refused)) return new RateLimitError();
    throw refused;
  }
}

/**
 * The failure as it is kept beside the job, from where it gets into spans: with its own name, and without words that may be
 * content. What an unforeseen failure said goes into the job's log, which `dead-letter show` prints.
 */
async function sayable(job: Job, error: unknown): Promise<Error> {
  if (waitReason(job.progress)) await job.updateProgress(0);
  const { name, message } = isForeseen(error) ? error : harmless(error);
  if (!isForeseen(error)) await job.log(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  const frames = (error instanceof Error ? (error.stack ?? '') : '').split('\n').filter((line) => /^ +at /.test(line));
  return Object.assign(new Error(message), { name, stack: [`${name}: ${message}`, ...frames].join('\n') });
}

/** Tells each failure once, and of jobs that wait for the same the first only, for as long as nothing else is told. */
function teller(queue: Queue, { metrics = NO_METRICS, onNotice = () => {} }: Told) {
  let last = '';
  return (job: Job, fate: Fate, error: unknown): void => {
    metrics.increment('opencode.memory.jobs.failed', { queue: queue.name, fate });
    const { message } = harmless(error);
    if (fate === 'waits' && message === last) return;
    last = fate === 'waits' ? message : '';
    onNotice(`${queue.name} ${job.id} failed (attempt ${job.attemptsMade + 1}, ${outcome(job, fate)}): ${message}`);
  };
}

function outcome(job: Job, fate: Fate): string {
  if (fate === 'waits') return 'waits; no attempt is counted';
  return fate === 'given up' || job.attemptsMade + 1 >= (job.opts.attempts ?? 1) ? 'given up' : 'tried again';
}

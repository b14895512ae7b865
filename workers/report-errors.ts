import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Address } from '../src/config.ts';
import { isOperationalError } from '../src/errors.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import { SECOND } from '../src/time.ts';
import { explainValkey } from '../src/valkey/failures.ts';

/** After a refusal BullMQ would ask for the next job immediately, thousands of times a second. */
const REFUSAL_PAUSE = 1 * SECOND;
/** BullMQ's message about a job that this worker has lost, since the worker was frozen, cut off, or too busy to renew the lock. */
const LOST_LOCK =
  /^(?:could not renew lock for job|Missing lock for job|Lock mismatch for job|Job) (\S+?)(?:$|\. | is not in the active state)/;

/**
 * Reports errors of the workers themselves; `job-failure.ts` reports failed jobs. Each sentence is reported once until Valkey answers
 * again.
 * @param connections the workers' connections
 */
export function reportErrors(
  workers: readonly Worker[],
  connections: readonly Redis[],
  valkey: Address,
  onNotice: (sentence: string) => void,
): void {
  const reported = new Set<string>();
  const reportOnce = (sentence: string) => {
    if (reported.has(sentence)) return;
    reported.add(sentence);
    onNotice(sentence);
  };
  const clearReported = () => reported.clear();
  // A frozen server accepts connections too, so an answer to PING is needed.
  for (const connection of connections)
    connection.on('ready', () => void connection.ping().then(clearReported, () => {}));
  for (const worker of workers) {
    const pause = pauseAfterRefusal(worker);
    worker.on('active', clearReported);
    // A job whose workers died too often fails without reaching the processor.
    worker.on('failed', (job) => {
      if (job?.deferredFailure) onNotice(`${worker.name} ${job.id} failed (dead letter): ${job.deferredFailure}`);
    });
    // BullMQ reconnects on its own. Without a listener an error would end the process.
    worker.on('error', (error) => {
      const job = LOST_LOCK.exec(error.message)?.[1];
      if (job)
        return reportOnce(`Another worker has taken over the ${worker.name} job ${job}, which this one held too long.`);
      const explained = explainValkey(error, valkey);
      const { message } = redactError(explained);
      reportOnce(isOperationalError(explained) ? message : `${worker.name} worker: ${message}`);
      if (error.name === 'ReplyError') pause();
    });
  }
}

/** Returns a function that pauses the worker for a second; running jobs continue. */
function pauseAfterRefusal(worker: Worker): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isClosing = false;
  worker.once('closing', () => {
    isClosing = true;
    clearTimeout(timer);
  });
  return () => {
    if (timer || isClosing) return;
    void worker.pause(true);
    timer = setTimeout(() => {
      timer = undefined;
      void worker.resume();
    }, REFUSAL_PAUSE);
  };
}

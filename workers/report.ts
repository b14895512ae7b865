import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Address } from '../src/config.ts';
import { isForeseen } from '../src/errors.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import { SECOND } from '../src/time.ts';
import { explainValkey } from '../src/valkey/failures.ts';

/** After a refusal BullMQ would ask for the next job at once, thousands of times a second. */
const RESTS = 1 * SECOND;
/** What BullMQ says of a job that was taken away from this worker: it was frozen, cut off, or too busy to renew the lock. */
const TAKEN =
  /^(?:could not renew lock for job|Missing lock for job|Lock mismatch for job|Job) (\S+?)(?:$|\. | is not in the active state)/;

/**
 * Tells what befalls workers beside the failures of jobs, of which `job-failure.ts` tells. Each sentence is told once, until Valkey
 * has answered again.
 * @param connections theirs
 */
export function report(
  workers: readonly Worker[],
  connections: readonly Redis[],
  valkey: Address,
  onNotice: (sentence: string) => void,
): void {
  const told = new Set<string>();
  const tell = (sentence: string) => {
    if (told.has(sentence)) return;
    told.add(sentence);
    onNotice(sentence);
  };
  const forget = () => told.clear();
  // That a connection stands does not tell that a server answers: a frozen one is connected to as well.
  for (const connection of connections) connection.on('ready', () => void connection.ping().then(forget, () => {}));
  for (const worker of workers) {
    const rest = resting(worker);
    worker.on('active', forget);
    // A job that came back too often from dead workers never gets to us.
    worker.on('failed', (job) => {
      if (job?.deferredFailure) onNotice(`${worker.name} ${job.id} failed (given up): ${job.deferredFailure}`);
    });
    // BullMQ reconnects by itself. Without a listener an error would end the process.
    worker.on('error', (error) => {
      const job = TAKEN.exec(error.message)?.[1];
      if (job)
        return tell(`Another worker has taken over the ${worker.name} job ${job}, which this one held too long.`);
      const explained = explainValkey(error, valkey);
      const { message } = redactError(explained);
      tell(isForeseen(explained) ? message : `${worker.name} worker: ${message}`);
      if (error.name === 'ReplyError') rest();
    });
  }
}

/** Gives what lets a worker take no jobs for a second; those under way go on. */
function resting(worker: Worker): () => void {
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
    }, RESTS);
  };
}

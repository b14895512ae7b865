import type { QueueName } from '../queue/producer.ts';
import { MINUTE } from '../time.ts';
import type { WaitOptions } from './options.ts';
import type { Services } from './services.ts';

/** @throws JobFailedError; TimedOutError; the signal's reason when it is aborted */
export async function waitFor(
  services: Services,
  queue: QueueName,
  jobId: string,
  { timeoutMs = MINUTE, signal, onProgress }: WaitOptions,
): Promise<unknown> {
  const waiting = await services.waiting[queue]();
  signal?.throwIfAborted();
  const end = waiting.ended(jobId, timeoutMs, (share) => onProgress?.(Number(share)));
  return signal === undefined ? end : untilAborted(end, signal);
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
    // After an abort nobody else hears how the job ended.
    work.catch(() => {});
  }
}

import type { QueueName } from '../queue/producer.ts';
import { MINUTE } from '../time.ts';
import type { WaitOptions } from './options.ts';
import type { Services } from './services.ts';

/** @throws JobFailed, TimedOut */
export async function waitFor(
  services: Services,
  queue: QueueName,
  jobId: string,
  { limit = MINUTE, onProgress }: WaitOptions,
): Promise<unknown> {
  const waiting = await services.waiting[queue]();
  return waiting.ended(jobId, limit, (share) => onProgress?.(Number(share)));
}

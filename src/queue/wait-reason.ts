import type { Job } from 'bullmq';

/** What a job that waits without a counted attempt keeps as its progress: BullMQ notes a reason only for failed attempts. */
export const waitNote = (sentence: string) => ({ waitsFor: sentence });

/** Why it waits, of a job that does so without a counted attempt. */
export function waitReason(progress: unknown): string | undefined {
  const { waitsFor } = (progress ?? {}) as { waitsFor?: unknown };
  return typeof waitsFor === 'string' ? waitsFor : undefined;
}

/** Why a job's last try failed; undefined when none did. A note of waiting is taken away with the next failed attempt. */
export function lastReason({ progress, failedReason }: Pick<Job, 'progress' | 'failedReason'>): string | undefined {
  return waitReason(progress) ?? (failedReason || undefined);
}

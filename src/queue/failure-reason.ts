/** The progress value of a postponed job: BullMQ stores a reason only for failed attempts. */
export const postponeNote = (sentence: string) => ({ waitsFor: sentence });

/** Why a job was postponed; undefined for a job that was not. */
export function postponeReason(progress: unknown): string | undefined {
  const { waitsFor } = (progress ?? {}) as { waitsFor?: unknown };
  return typeof waitsFor === 'string' ? waitsFor : undefined;
}

/** Why a job's last attempt failed; undefined for none. A postponement's reason is replaced by the next failed attempt. */
export function lastFailureReason({
  progress,
  failedReason,
}: {
  readonly progress: unknown;
  readonly failedReason: string | undefined;
}): string | undefined {
  return postponeReason(progress) ?? (failedReason || undefined);
}

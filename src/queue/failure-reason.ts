/** What a postponed job keeps as its progress, since BullMQ stores a reason only for failed attempts. Earlier releases wrote `waitsFor` only. */
export interface Postponement {
  /** The cause, in a sentence. */
  readonly waitsFor: string;
  /** The kind of the failure, such as `EmbedderMismatchError`. */
  readonly error?: string;
  /** Milliseconds since 1970: since when the job has been postponed for this kind of failure. */
  readonly since?: number;
  /** Null when the payload names none. */
  readonly group?: string | null;
}

/** @param progress of the job so far, whose postponement may have the same cause */
export function postponeNote(error: Error, group: string | null, progress: unknown, now = Date.now()): Postponement {
  const before = postponement(progress);
  const since = before?.error === error.name ? before.since : undefined;
  return { waitsFor: error.message, error: error.name, since: since ?? now, group };
}

/** Undefined for a job that was not postponed. */
export function postponement(progress: unknown): Postponement | undefined {
  const { waitsFor, error, since, group } = (progress ?? {}) as Record<keyof Postponement, unknown>;
  if (typeof waitsFor !== 'string') return undefined;
  return {
    waitsFor,
    ...(typeof error === 'string' && { error }),
    ...(typeof since === 'number' && { since }),
    ...(typeof group === 'string' && { group }),
  };
}

/** Why a job was postponed; undefined for a job that was not. */
export const postponeReason = (progress: unknown): string | undefined => postponement(progress)?.waitsFor;

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

/**
 * Every expected failure, one small class each. The message is a sentence that says what to do; the `cause` is kept.
 * The type decides the failure policy of a job, in the table at the end of this file.
 */

/** An argument, option or input is missing or invalid. */
export class InvalidInputError extends Error {
  override name = 'InvalidInputError';
  readonly code = 'ERR_INVALID_INPUT';
}

/** A setting is missing or wrong. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly code = 'ERR_CONFIG';
}

/** Nothing answers at the address of Valkey or FalkorDB. */
export class StoreUnreachableError extends Error {
  override name = 'StoreUnreachableError';
  readonly code = 'ERR_STORE_UNREACHABLE';
}

/** Something answers at the address, but it is not the server that belongs there. */
export class WrongServerError extends Error {
  override name = 'WrongServerError';
  readonly code = 'ERR_WRONG_SERVER';
}

/** The server refuses the user name or the password. */
export class AccessRefusedError extends Error {
  override name = 'AccessRefusedError';
  readonly code = 'ERR_ACCESS_REFUSED';
}

/** The graph was written with another embedder; its vectors cannot be compared with ours. */
export class EmbedderMismatchError extends Error {
  override name = 'EmbedderMismatchError';
  readonly code = 'ERR_EMBEDDER_MISMATCH';
}

/** The awaited result did not arrive in time. It may still arrive. */
export class TimedOutError extends Error {
  override name = 'TimedOutError';
  readonly code = 'ERR_TIMED_OUT';
}

/** No worker is running, so the request cannot be carried out now. */
export class NoWorkerError extends Error {
  override name = 'NoWorkerError';
  readonly code = 'ERR_NO_WORKER';
}

/** A job failed; the message is the reason. */
export class JobFailedError extends Error {
  override name = 'JobFailedError';
  readonly code = 'ERR_JOB_FAILED';
}

/** A model's server cannot be reached, is silent, reports an internal error or has no quota left. The job itself is sound. */
export class ModelUnavailableError extends Error {
  override name = 'ModelUnavailableError';
  readonly code = 'ERR_MODEL_UNAVAILABLE';
  /** Milliseconds until the next call; null when unknown. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    { retryAfterMs = null, ...options }: ErrorOptions & { retryAfterMs?: number | null } = {},
  ) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** A model could not be loaded, or gave an unusable answer; the next try may succeed. */
export class ModelFailedError extends Error {
  override name = 'ModelFailedError';
  readonly code = 'ERR_MODEL_FAILED';
}

/** The model's server asks for fewer calls. */
export class ModelBusyError extends Error {
  override name = 'ModelBusyError';
  readonly code = 'ERR_MODEL_BUSY';
  /** Milliseconds that the server asked for; null when it named none. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    { retryAfterMs = null, ...options }: ErrorOptions & { retryAfterMs?: number | null } = {},
  ) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The daily budget for models is spent; the job itself is valid. */
export class BudgetSpentError extends Error {
  override name = 'BudgetSpentError';
  readonly code = 'ERR_BUDGET_SPENT';
  /** Milliseconds until the next day begins. */
  readonly retryAfterMs: number;

  constructor(message: string, { retryAfterMs = 0, ...options }: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The job was queued by a newer release, in a version that this worker cannot read. */
export class NewerJobError extends Error {
  override name = 'NewerJobError';
  readonly code = 'ERR_NEWER_JOB';
}

/** The model gives no usable answer, even after a repair and another try. */
export class UnusableReplyError extends Error {
  override name = 'UnusableReplyError';
  readonly code = 'ERR_UNUSABLE_REPLY';
}

/** The model's server refuses a text of this length, and the text cannot be cut further. */
export class TextTooLongError extends Error {
  override name = 'TextTooLongError';
  readonly code = 'ERR_TEXT_TOO_LONG';
}

/** Another worker has taken over the group; this outdated write was refused. */
export class StaleFenceError extends Error {
  override name = 'StaleFenceError';
  readonly code = 'ERR_STALE_FENCE';
}

/** The spool is full; the episode was not kept. */
export class SpoolFullError extends Error {
  override name = 'SpoolFullError';
  readonly code = 'ERR_SPOOL_FULL';
}

/** The location of the archives cannot be reached, is silent, is busy or reports an internal error. The job itself is sound. */
export class ArchiveUnavailableError extends Error {
  override name = 'ArchiveUnavailableError';
  readonly code = 'ERR_ARCHIVE_UNAVAILABLE';
  /** Milliseconds that the server asked for; null when it named none. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    { retryAfterMs = null, ...options }: ErrorOptions & { retryAfterMs?: number | null } = {},
  ) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** An archive does not match its manifest, or cannot be read; nothing of it is restored. */
export class ArchiveDamagedError extends Error {
  override name = 'ArchiveDamagedError';
  readonly code = 'ERR_ARCHIVE_DAMAGED';
}

/** An archive is encrypted, and no key of these settings opens it; or a key is not complete. */
export class ArchiveKeyError extends Error {
  override name = 'ArchiveKeyError';
  readonly code = 'ERR_ARCHIVE_KEY';
}

/** The graph has lost changes; it must be rebuilt before it is exported. */
export class GraphLostError extends Error {
  override name = 'GraphLostError';
  readonly code = 'ERR_GRAPH_LOST';
}

/** The folder for archives cannot be used, or its disk is full; a user has to correct that. */
export class ArchiveLocationError extends Error {
  override name = 'ArchiveLocationError';
  readonly code = 'ERR_ARCHIVE_LOCATION';
}

/** No usable Valkey or FalkorDB program was found on this machine. */
export class ServersMissingError extends Error {
  override name = 'ServersMissingError';
  readonly code = 'ERR_SERVERS_MISSING';
}

/**
 * The failure policy for a job:
 * `postpone` – the cause is a server or another worker; the job waits and no attempt is counted;
 * `retry` – the next try may succeed; each try counts, and after the last one the job is a dead letter;
 * `deadLetter` – repeating cannot help; the job is a dead letter at once.
 */
export type FailurePolicy = 'postpone' | 'retry' | 'deadLetter';

// By name, not by class: the bundled command line and the worker each have a copy of these classes.
const FAILURE_POLICIES = {
  InvalidInputError: 'deadLetter',
  ConfigError: 'retry',
  StoreUnreachableError: 'postpone',
  WrongServerError: 'postpone',
  AccessRefusedError: 'postpone',
  // The settings must be changed back, or the graph re-embedded; the job itself is sound.
  EmbedderMismatchError: 'postpone',
  TimedOutError: 'postpone',
  NoWorkerError: 'retry',
  JobFailedError: 'deadLetter',
  ModelUnavailableError: 'postpone',
  ModelFailedError: 'retry',
  ModelBusyError: 'postpone',
  BudgetSpentError: 'postpone',
  // A worker of that release takes the job.
  NewerJobError: 'postpone',
  // Each try has already cost three calls.
  UnusableReplyError: 'deadLetter',
  TextTooLongError: 'deadLetter',
  StaleFenceError: 'postpone',
  SpoolFullError: 'deadLetter',
  ArchiveUnavailableError: 'postpone',
  ArchiveDamagedError: 'deadLetter',
  ArchiveKeyError: 'deadLetter',
  GraphLostError: 'deadLetter',
  ArchiveLocationError: 'deadLetter',
  ServersMissingError: 'deadLetter',
} as const satisfies Record<string, FailurePolicy>;

/** The name of an expected failure's class. */
export type FailureName = keyof typeof FAILURE_POLICIES;

/** Unexpected failures are retried. */
export function failurePolicy(error: unknown): FailurePolicy {
  return isOperationalError(error) ? FAILURE_POLICIES[error.name] : 'retry';
}

/** True when the same job may succeed later, because the cause is in the settings or the servers. */
export function isRepeatable(error: unknown): boolean {
  return failurePolicy(error) !== 'deadLetter';
}

/** True for the errors of this package, whose message is a complete sentence for the user. */
export function isOperationalError(error: unknown): error is Error & { name: FailureName } {
  return error instanceof Error && Object.hasOwn(FAILURE_POLICIES, error.name);
}

/** True for a failure of one of these classes, or of their copies in another bundle. */
export function isFailure(error: unknown, ...names: readonly FailureName[]): error is Error & { name: FailureName } {
  return isOperationalError(error) && names.includes(error.name);
}

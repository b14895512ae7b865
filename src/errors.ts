/**
 * Every failure that a user can meet, one small class each. The message is a sentence that says what to do; the `cause`
 * is kept. Whether a job is tried again is decided by the type, in the table at the end of this file.
 */

/** The caller gave something that cannot be used. */
export class InvalidInput extends Error {
  override name = 'InvalidInput';
}

/** A setting is missing or wrong. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Nothing answers at the address of Valkey or FalkorDB. */
export class StoreUnreachable extends Error {
  override name = 'StoreUnreachable';
}

/** Something answers at the address, but it is not the server that belongs there. */
export class WrongServer extends Error {
  override name = 'WrongServer';
}

/** The server refused the user name or the password. */
export class AccessRefused extends Error {
  override name = 'AccessRefused';
}

/** The graph was written with another embedder; its vectors cannot be compared with ours. */
export class EmbedderMismatch extends Error {
  override name = 'EmbedderMismatch';
}

/** What was waited for did not happen in time. It may still happen. */
export class TimedOut extends Error {
  override name = 'TimedOut';
}

/** No worker is running, so what was asked for cannot be done now. */
export class NoWorker extends Error {
  override name = 'NoWorker';
}

/** A job ended without success; the message holds its reason. */
export class JobFailed extends Error {
  override name = 'JobFailed';
}

/** A model's server cannot be reached, is silent, has a failure of its own or no quota left: nothing is wrong with the job. */
export class ModelAway extends Error {
  override name = 'ModelAway';
  /** Milliseconds after which it is asked again; null when nobody knows. */
  readonly retryAfter: number | null;

  constructor(message: string, { retryAfter = null, ...options }: ErrorOptions & { retryAfter?: number | null } = {}) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** A model could not load, or gave an answer that cannot be used; it may do better next time. */
export class ModelFailed extends Error {
  override name = 'ModelFailed';
}

/** The model's server told us to wait. */
export class ModelBusy extends Error {
  override name = 'ModelBusy';
  /** Milliseconds that the server asked for; null when it named none. */
  readonly retryAfter: number | null;

  constructor(message: string, { retryAfter = null, ...options }: ErrorOptions & { retryAfter?: number | null } = {}) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** The model answers, but also after a repair and a second try with nothing that can be used. */
export class ReplyUnusable extends Error {
  override name = 'ReplyUnusable';
}

/** The model's server takes no text of this length, and it cannot be cut further. */
export class TextTooLong extends Error {
  override name = 'TextTooLong';
}

/** Another worker has taken over the group; what we wanted to write is out of date and was refused. */
export class StaleFence extends Error {
  override name = 'StaleFence';
}

/** The folder that keeps episodes while Valkey is away is full; what was handed in was not kept. */
export class SpoolFull extends Error {
  override name = 'SpoolFull';
}

/** The place for archives cannot be reached, is silent, busy or has a failure of its own: nothing is wrong with the job. */
export class ArchiveAway extends Error {
  override name = 'ArchiveAway';
  /** Milliseconds that the server asked for; null when it named none. */
  readonly retryAfter: number | null;

  constructor(message: string, { retryAfter = null, ...options }: ErrorOptions & { retryAfter?: number | null } = {}) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** An archive is not what its manifest says, or cannot be read; nothing of it must get into a memory. */
export class ArchiveDamaged extends Error {
  override name = 'ArchiveDamaged';
}

/** The graph lacks changes that it had once taken; it must be rebuilt before it is archived. */
export class GraphLostError extends Error {
  override name = 'GraphLostError';
}

/** The folder for archives cannot be used, or its disk is full: somebody has to see to that first. */
export class ArchivePlaceError extends Error {
  override name = 'ArchivePlaceError';
}

/** No usable Valkey or FalkorDB program was found on this machine. */
export class ServersMissing extends Error {
  override name = 'ServersMissing';
}

/**
 * What becomes of a job that failed so:
 * `waits` – it lies in a server or in another worker and not in the job; the job waits and no attempt is counted;
 * `retried` – it may go well next time; each try counts, and after the last one the job is a dead letter;
 * `given up` – no repetition mends it: a dead letter at once.
 */
export type Fate = 'waits' | 'retried' | 'given up';

// By name and not by class: the bundled command line and the worker each have a copy of these classes.
const FATES: Readonly<Record<string, Fate>> = {
  InvalidInput: 'given up',
  ConfigError: 'retried',
  StoreUnreachable: 'waits',
  WrongServer: 'waits',
  AccessRefused: 'waits',
  // The settings have to be changed back, or the graph re-embedded; nothing is wrong with the job.
  EmbedderMismatch: 'waits',
  TimedOut: 'waits',
  NoWorker: 'retried',
  JobFailed: 'given up',
  ModelAway: 'waits',
  ModelFailed: 'retried',
  ModelBusy: 'waits',
  // Each try has cost three calls already.
  ReplyUnusable: 'given up',
  TextTooLong: 'given up',
  StaleFence: 'waits',
  SpoolFull: 'given up',
  ArchiveAway: 'waits',
  ArchiveDamaged: 'given up',
  GraphLostError: 'given up',
  ArchivePlaceError: 'given up',
  ServersMissing: 'given up',
};

/** What nobody foresaw is retried. */
export function fateOf(error: unknown): Fate {
  return isForeseen(error) ? (FATES[error.name] ?? 'retried') : 'retried';
}

/** True when the same job may succeed later: all that lies in the settings or the servers and not in the job itself. */
export function isRetried(error: unknown): boolean {
  return fateOf(error) !== 'given up';
}

/** True for the failures above: their message is a finished sentence for the user. */
export function isForeseen(error: unknown): error is Error {
  return error instanceof Error && Object.hasOwn(FATES, error.name);
}

/**
 * Every expected failure, one small class each. The message is a sentence that says what to do; the `cause` is kept.
 * The type decides whether a job is tried again, in the table at the end of this file.
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

/** The server refuses the user name or the password. */
export class AccessRefused extends Error {
  override name = 'AccessRefused';
}

/** The graph was written with another embedder; its vectors cannot be compared with ours. */
export class EmbedderMismatch extends Error {
  override name = 'EmbedderMismatch';
}

/** The awaited result did not arrive in time. It may still arrive. */
export class TimedOut extends Error {
  override name = 'TimedOut';
}

/** No worker is running, so the request cannot be carried out now. */
export class NoWorker extends Error {
  override name = 'NoWorker';
}

/** A job failed; the message is the reason. */
export class JobFailed extends Error {
  override name = 'JobFailed';
}

/** A model's server cannot be reached, is silent, reports an error of its own or has no quota left. The job itself is sound. */
export class ModelAway extends Error {
  override name = 'ModelAway';
  /** Milliseconds until the next call; null when unknown. */
  readonly retryAfter: number | null;

  constructor(message: string, { retryAfter = null, ...options }: ErrorOptions & { retryAfter?: number | null } = {}) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** A model could not be loaded, or gave an unusable answer; the next try may succeed. */
export class ModelFailed extends Error {
  override name = 'ModelFailed';
}

/** The model's server asks for fewer calls. */
export class ModelBusy extends Error {
  override name = 'ModelBusy';
  /** Milliseconds that the server asked for; null when it named none. */
  readonly retryAfter: number | null;

  constructor(message: string, { retryAfter = null, ...options }: ErrorOptions & { retryAfter?: number | null } = {}) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** The model gives no usable answer, even after a repair and another try. */
export class ReplyUnusable extends Error {
  override name = 'ReplyUnusable';
}

/** The model's server refuses a text of this length, and the text cannot be cut further. */
export class TextTooLong extends Error {
  override name = 'TextTooLong';
}

/** Another worker has taken over the group; this outdated write was refused. */
export class StaleFence extends Error {
  override name = 'StaleFence';
}

/** The spool is full; the episode was not kept. */
export class SpoolFull extends Error {
  override name = 'SpoolFull';
}

/** The place for archives cannot be reached, is silent, is busy or reports an error of its own. The job itself is sound. */
export class ArchiveAway extends Error {
  override name = 'ArchiveAway';
  /** Milliseconds that the server asked for; null when it named none. */
  readonly retryAfter: number | null;

  constructor(message: string, { retryAfter = null, ...options }: ErrorOptions & { retryAfter?: number | null } = {}) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** An archive does not match its manifest, or cannot be read; nothing of it may get into a memory. */
export class ArchiveDamaged extends Error {
  override name = 'ArchiveDamaged';
}

/** The graph has lost changes; it must be rebuilt before it is exported. */
export class GraphLostError extends Error {
  override name = 'GraphLostError';
}

/** The folder for archives cannot be used, or its disk is full; a user has to correct that. */
export class ArchivePlaceError extends Error {
  override name = 'ArchivePlaceError';
}

/** No usable Valkey or FalkorDB program was found on this machine. */
export class ServersMissing extends Error {
  override name = 'ServersMissing';
}

/**
 * The failure policy for a job:
 * `waits` – the cause is a server or another worker; the job waits and no attempt is counted;
 * `retried` – the next try may succeed; each try counts, and after the last one the job is a dead letter;
 * `given up` – repeating cannot help; the job is a dead letter at once.
 */
export type Fate = 'waits' | 'retried' | 'given up';

// By name, not by class: the bundled command line and the worker each have a copy of these classes.
const FATES: Readonly<Record<string, Fate>> = {
  InvalidInput: 'given up',
  ConfigError: 'retried',
  StoreUnreachable: 'waits',
  WrongServer: 'waits',
  AccessRefused: 'waits',
  // The settings must be changed back, or the graph re-embedded; the job itself is sound.
  EmbedderMismatch: 'waits',
  TimedOut: 'waits',
  NoWorker: 'retried',
  JobFailed: 'given up',
  ModelAway: 'waits',
  ModelFailed: 'retried',
  ModelBusy: 'waits',
  // Each try has already cost three calls.
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

/** Unexpected failures are retried. */
export function fateOf(error: unknown): Fate {
  return isForeseen(error) ? (FATES[error.name] ?? 'retried') : 'retried';
}

/** True when the same job may succeed later, because the cause is in the settings or the servers. */
export function isRetried(error: unknown): boolean {
  return fateOf(error) !== 'given up';
}

/** True for the failures above, whose message is a complete sentence for the user. */
export function isForeseen(error: unknown): error is Error {
  return error instanceof Error && Object.hasOwn(FATES, error.name);
}

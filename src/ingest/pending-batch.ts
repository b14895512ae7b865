import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import * as errors from '../errors.ts';
import type { Carrier } from '../telemetry/carrier.ts';
import { redactError } from '../telemetry/redact-error.ts';
import { HOUR } from '../time.ts';
import { versionKey } from '../valkey/group-version.ts';
import { groupKey } from '../valkey/keys.ts';
import type { Signals } from '../valkey/signals.ts';
import type { Extracted, ReadEpisode } from './extract.ts';

/** An extracted episode of this process that is to be written. */
export interface OwnEpisode {
  readonly extracted: Extracted;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Of its commit's span. */
  readonly carrier: Carrier | undefined;
  /** True once other workers may know of it. */
  isVisible: boolean;
  readonly written: PromiseWithResolvers<Carrier | undefined>;
}

/** This process' pending episodes of one group, by uuid. */
export type OwnEpisodes = Map<string, OwnEpisode>;

/** The names of these classes in a stored batch, which workers of earlier releases share. */
const STORED_NAMES: Readonly<Record<string, string>> = {
  InvalidInputError: 'InvalidInput',
  StoreUnreachableError: 'StoreUnreachable',
  WrongServerError: 'WrongServer',
  AccessRefusedError: 'AccessRefused',
  EmbedderMismatchError: 'EmbedderMismatch',
  TimedOutError: 'TimedOut',
  NoWorkerError: 'NoWorker',
  JobFailedError: 'JobFailed',
  ModelUnavailableError: 'ModelAway',
  ModelFailedError: 'ModelFailed',
  ModelBusyError: 'ModelBusy',
  UnusableReplyError: 'ReplyUnusable',
  TextTooLongError: 'TextTooLong',
  StaleFenceError: 'StaleFence',
};
const CLASS_NAMES = Object.fromEntries(Object.entries(STORED_NAMES).map(([className, name]) => [name, className]));

/** A failure as one worker sends it to another. */
export interface SerializedFailure {
  readonly name: string;
  readonly message: string;
  /** Milliseconds; requested by a model's server. */
  readonly retryAfter?: number | undefined;
}

export function serializeFailure(error: unknown): SerializedFailure {
  if (!errors.isForeseen(error)) return redactError(error);
  const { name, message } = error;
  const { retryAfter } = error as Partial<errors.ModelBusyError>;
  return { name: STORED_NAMES[name] ?? name, message, ...(typeof retryAfter === 'number' && { retryAfter }) };
}

/** The same failure, of the same class, in another worker. */
export function deserializeFailure({ name, message, retryAfter }: SerializedFailure): Error {
  const className = CLASS_NAMES[name] ?? name;
  const known: unknown = (errors as Record<string, unknown>)[className];
  if (className === 'ModelBusyError') return new errors.ModelBusyError(message, { retryAfter: retryAfter ?? null });
  return typeof known === 'function' && known.prototype instanceof Error
    ? new (known as new (message: string) => Error)(message)
    : new Error(message);
}

/** An extracted episode that waits for its group's commit; its extraction is in the memo. */
export interface PendingEpisode {
  readonly episode: ReadEpisode;
  /** The memo's stamp at extraction: a worker with other models or types does not write the episode. */
  readonly stamp: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Of its commit's span. */
  readonly carrier: Carrier | undefined;
}

/** The outcome of a batch. */
export interface CommitOutcome {
  readonly uuids: readonly string[];
  /** Undefined: the episodes are committed. */
  readonly failure?: SerializedFailure | undefined;
  /** The span of the write. */
  readonly write?: Carrier | undefined;
}

/**
 * The extracted episodes of a group that all workers see, and the messages about their outcome. It may lose everything at any
 * time: it only saves waiting, since waiters also poll the graph.
 */
export interface PendingBatch {
  add(group: string, episodes: readonly PendingEpisode[]): Promise<void>;
  /** The pending episodes of all workers. */
  list(group: string): Promise<PendingEpisode[]>;
  /** Removes the episodes and publishes their outcome. With `version` set, readers see the change before any waiter is notified. */
  publish(group: string, outcome: CommitOutcome, version?: string): Promise<void>;
  /** @param onOutcome called with undefined when a message may have been missed */
  subscribe(group: string, onOutcome: (outcome: CommitOutcome | undefined) => void): Promise<() => void>;
}

/** Longer than any wait; entries of a killed worker expire. */
const TTL = 1 * HOUR;

const carrier = z.optional(z.record(z.string(), z.string()));
const episodeShape = z.object({
  uuid: z.string(),
  referenceTime: z.pipe(
    z.iso.datetime(),
    z.transform((text) => new Date(text)),
  ),
  saga: z.nullable(z.string()),
  stamp: z.string(),
  since: z.number(),
  carrier,
});

const outcomeShape = z.object({
  uuids: z.array(z.string()),
  failure: z.optional(z.object({ name: z.string(), message: z.string(), retryAfter: z.optional(z.number()) })),
  write: carrier,
});

export function openPendingBatch(valkey: Redis, signals: Signals): PendingBatch {
  return {
    async add(group, episodes) {
      if (episodes.length === 0) return;
      const fields = episodes.flatMap(({ episode: { uuid, referenceTime, saga }, ...rest }) => [
        uuid,
        JSON.stringify({ uuid, referenceTime, saga, ...rest }),
      ]);
      await execAll(
        valkey
          .multi()
          .hset(groupKey(valkey, 'waiting', group), ...fields)
          .pexpire(groupKey(valkey, 'waiting', group), TTL),
      );
    },
    async list(group) {
      const texts = await valkey.hgetall(groupKey(valkey, 'waiting', group));
      // Each write renews the hash's expiry, so entries of a dead worker are removed here.
      const expired = Object.keys(texts).filter((uuid) => !(Math.abs(Date.now() - sinceOf(texts[uuid])) <= TTL));
      await removePending(valkey, group, expired);
      for (const uuid of expired) delete texts[uuid];
      return Object.values(texts).flatMap((text) => readEpisode(group, text));
    },
    async publish(group, outcome, version) {
      const calls = valkey.multi();
      if (version !== undefined) calls.set(versionKey(valkey, group), version);
      calls
        .hdel(groupKey(valkey, 'waiting', group), ...outcome.uuids)
        .publish(groupKey(valkey, 'told', group), JSON.stringify(outcome));
      await execAll(calls);
    },
    subscribe: (group, onOutcome) =>
      signals.listen(groupKey(valkey, 'told', group), (message) => onOutcome(readOutcome(message))),
  };
}

/** Removes episodes without publishing an outcome. */
export async function removePending(valkey: Redis, group: string, uuids: readonly string[]): Promise<void> {
  if (uuids.length > 0) await valkey.hdel(groupKey(valkey, 'waiting', group), ...uuids);
}

/** Undefined for an unreadable message, which may concern our own episodes. */
function readOutcome(message: string | undefined): CommitOutcome | undefined {
  try {
    return outcomeShape.parse(JSON.parse(message ?? ''));
  } catch {
    return undefined;
  }
}

/** Also readable for entries of another version; NaN for none. */
function sinceOf(text = ''): number {
  try {
    return Number((JSON.parse(text) as { since?: unknown }).since);
  } catch {
    return Number.NaN;
  }
}

/** Empty for an entry of another version, which this worker cannot write. */
function readEpisode(group: string, text: string): PendingEpisode[] {
  try {
    const { uuid, referenceTime, saga, ...rest } = episodeShape.parse(JSON.parse(text));
    return [{ episode: { uuid, group, referenceTime, saga }, ...rest, carrier: rest.carrier }];
  } catch {
    return [];
  }
}

/** @throws the first failure, which a pipeline only reports among its results */
async function execAll(calls: ReturnType<Redis['multi']>): Promise<void> {
  for (const [error] of (await calls.exec()) ?? []) if (error) throw error;
}

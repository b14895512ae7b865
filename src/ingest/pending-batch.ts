import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import type { FailureName } from '../errors.ts';
import * as errors from '../errors.ts';
import { parseJson } from '../json.ts';
import { redactError } from '../telemetry/redact-error.ts';
import type { Carrier } from '../telemetry/tracing.ts';
import { HOUR } from '../time.ts';
import { groupKey, versionKey } from '../valkey/keys.ts';
import type { PubSub } from '../valkey/pub-sub.ts';
import type { EpisodeIdentity } from './extract.ts';

/** The names of these classes in a stored batch, which workers of earlier releases share. */
const STORED_NAMES: Readonly<Partial<Record<FailureName, string>>> = {
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
  /** Milliseconds that a server asked to wait: `retryAfterMs` of the error, under the name that earlier releases store. */
  readonly retryAfter?: number | undefined;
}

export function serializeFailure(error: unknown): SerializedFailure {
  if (!errors.isOperationalError(error)) return redactError(error);
  const { name, message } = error;
  const { retryAfterMs } = error as Partial<errors.ModelBusyError>;
  return {
    name: STORED_NAMES[name] ?? name,
    message,
    ...(typeof retryAfterMs === 'number' && { retryAfter: retryAfterMs }),
  };
}

/** Classes without a wait ignore `retryAfterMs`. */
type FailureClass = new (message: string, options: { retryAfterMs: number | null }) => Error;

/** The same failure, of the same class and with the same wait, in another worker. */
export function deserializeFailure({ name, message, retryAfter }: SerializedFailure): Error {
  const className = CLASS_NAMES[name] ?? name;
  const errorClass: unknown = (errors as Record<string, unknown>)[className];
  return typeof errorClass === 'function' && errorClass.prototype instanceof Error
    ? new (errorClass as FailureClass)(message, { retryAfterMs: retryAfter ?? null })
    : new Error(message);
}

/** An extracted episode that waits for its group's commit; its extraction is in the memo. */
export interface PendingEpisode {
  readonly episode: EpisodeIdentity;
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

export function openPendingBatch(valkey: Redis, pubSub: PubSub): PendingBatch {
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
      pubSub.listen(groupKey(valkey, 'told', group), (message) => onOutcome(readOutcome(message))),
  };
}

/** Removes episodes without publishing an outcome. */
export async function removePending(valkey: Redis, group: string, uuids: readonly string[]): Promise<void> {
  if (uuids.length > 0) await valkey.hdel(groupKey(valkey, 'waiting', group), ...uuids);
}

/** Undefined for an unreadable message, which may concern our own episodes. */
function readOutcome(message: string | undefined): CommitOutcome | undefined {
  return outcomeShape.safeParse(parseJson(message ?? '')).data;
}

/** Also readable for entries of another version; NaN for none. */
function sinceOf(text = ''): number {
  return Number((parseJson(text) as { since?: unknown } | null | undefined)?.since);
}

/** Empty for an entry of another version, which this worker cannot write. */
function readEpisode(group: string, text: string): PendingEpisode[] {
  const { data } = episodeShape.safeParse(parseJson(text));
  if (!data) return [];
  const { uuid, referenceTime, saga, ...rest } = data;
  return [{ episode: { uuid, group, referenceTime, saga }, ...rest, carrier: rest.carrier }];
}

/** @throws the first failure, which a pipeline only reports among its results */
async function execAll(calls: ReturnType<Redis['multi']>): Promise<void> {
  for (const [error] of (await calls.exec()) ?? []) if (error) throw error;
}

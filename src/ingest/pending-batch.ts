import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import * as errors from '../errors.ts';
import type { Carrier } from '../telemetry/carrier.ts';
import { harmless } from '../telemetry/harmless.ts';
import { HOUR } from '../time.ts';
import { versionKey } from '../valkey/group-version.ts';
import { groupKey } from '../valkey/keys.ts';
import type { Signals } from '../valkey/signals.ts';
import type { Extracted, ReadEpisode } from './extract.ts';

/** An extracted episode of this process that waits to be written. */
export interface OwnEpisode {
  readonly extracted: Extracted;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Of its commit's span. */
  readonly carrier: Carrier | undefined;
  /** True once other workers may know of it. */
  isShown: boolean;
  readonly written: PromiseWithResolvers<Carrier | undefined>;
}

/** What this process has waiting in one group, by uuid. */
export type Line = Map<string, OwnEpisode>;

/** A failure as one worker tells it to another. */
export interface ToldFailure {
  readonly name: string;
  readonly message: string;
  /** Milliseconds that a model's server asked for. */
  readonly retryAfter?: number | undefined;
}

export function toldFailure(error: unknown): ToldFailure {
  if (!errors.isForeseen(error)) return harmless(error);
  const { name, message } = error;
  const { retryAfter } = error as Partial<errors.ModelBusy>;
  return { name, message, ...(typeof retryAfter === 'number' && { retryAfter }) };
}

/** The same failure, of the same class, for those who were not there. */
export function failureTold({ name, message, retryAfter }: ToldFailure): Error {
  const known: unknown = (errors as Record<string, unknown>)[name];
  if (name === 'ModelBusy') return new errors.ModelBusy(message, { retryAfter: retryAfter ?? null });
  return typeof known === 'function' && known.prototype instanceof Error
    ? new (known as new (message: string) => Error)(message)
    : new Error(message);
}

/** An extracted episode that waits for its group's commit; what was read in it is in the memo. */
export interface WaitingEpisode {
  readonly episode: ReadEpisode;
  /** The memo's, under which it was read: a worker with other models or types leaves it alone. */
  readonly stamp: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Of its commit's span. */
  readonly carrier: Carrier | undefined;
}

/** What became of episodes that were written together. */
export interface Told {
  readonly uuids: readonly string[];
  /** Missing: they are committed. */
  readonly failure?: ToldFailure | undefined;
  /** The span in which they were written. */
  readonly write?: Carrier | undefined;
}

/**
 * Where the workers of a group find each other's extracted episodes, and tell what became of them. It may lose everything at any
 * time: it only spares waiting, and who waits looks for itself in the end.
 */
export interface WaitingRoom {
  enter(group: string, waiting: readonly WaitingEpisode[]): Promise<void>;
  /** All that wait, of all workers. */
  all(group: string): Promise<WaitingEpisode[]>;
  /** Ends their waiting, and calls it out; with a `version`, every reader sees the group's change before anybody hears of it. */
  tell(group: string, told: Told, version?: string): Promise<void>;
  /** @param heard told undefined when something may have been missed */
  listen(group: string, heard: (told: Told | undefined) => void): Promise<() => void>;
}

/** Long enough for every waiting; what a killed worker left goes away with it. */
const KEPT = 1 * HOUR;

const carrier = z.optional(z.record(z.string(), z.string()));
const shape = z.object({
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

const toldShape = z.object({
  uuids: z.array(z.string()),
  failure: z.optional(z.object({ name: z.string(), message: z.string(), retryAfter: z.optional(z.number()) })),
  write: carrier,
});

export function openWaitingRoom(valkey: Redis, signals: Signals): WaitingRoom {
  return {
    async enter(group, waiting) {
      if (waiting.length === 0) return;
      const fields = waiting.flatMap(({ episode: { uuid, referenceTime, saga }, ...rest }) => [
        uuid,
        JSON.stringify({ uuid, referenceTime, saga, ...rest }),
      ]);
      await done(
        valkey
          .multi()
          .hset(groupKey(valkey, 'waiting', group), ...fields)
          .pexpire(groupKey(valkey, 'waiting', group), KEPT),
      );
    },
    async all(group) {
      const texts = await valkey.hgetall(groupKey(valkey, 'waiting', group));
      // A worker that died shows nothing any more, and nobody else takes its entries out where the room is always in use.
      const left = Object.keys(texts).filter((uuid) => !(Math.abs(Date.now() - sinceOf(texts[uuid])) <= KEPT));
      await forgetWaiting(valkey, group, left);
      for (const uuid of left) delete texts[uuid];
      return Object.values(texts).flatMap((text) => read(group, text));
    },
    async tell(group, told, version) {
      const calls = valkey.multi();
      if (version !== undefined) calls.set(versionKey(valkey, group), version);
      calls
        .hdel(groupKey(valkey, 'waiting', group), ...told.uuids)
        .publish(groupKey(valkey, 'told', group), JSON.stringify(told));
      await done(calls);
    },
    listen: (group, heard) => signals.listen(groupKey(valkey, 'told', group), (message) => heard(readTold(message))),
  };
}

/** Takes episodes out of the room, unsaid. */
export async function forgetWaiting(valkey: Redis, group: string, uuids: readonly string[]): Promise<void> {
  if (uuids.length > 0) await valkey.hdel(groupKey(valkey, 'waiting', group), ...uuids);
}

/** What is not understood may be about ours all the same. */
function readTold(message: string | undefined): Told | undefined {
  try {
    return toldShape.parse(JSON.parse(message ?? ''));
  } catch {
    return undefined;
  }
}

/** Also of what another version put there; NaN for none. */
function sinceOf(text = ''): number {
  try {
    return Number((JSON.parse(text) as { since?: unknown }).since);
  } catch {
    return Number.NaN;
  }
}

/** What another version of this program put there is not for us. */
function read(group: string, text: string): WaitingEpisode[] {
  try {
    const { uuid, referenceTime, saga, ...rest } = shape.parse(JSON.parse(text));
    return [{ episode: { uuid, group, referenceTime, saga }, ...rest, carrier: rest.carrier }];
  } catch {
    return [];
  }
}

/** @throws the first failure; a pipeline tells it only among its results */
async function done(calls: ReturnType<Redis['multi']>): Promise<void> {
  for (const [error] of (await calls.exec()) ?? []) if (error) throw error;
}

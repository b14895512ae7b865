import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { parseJson } from '../json.ts';
import { HOUR, SECOND } from '../time.ts';
import { runScript } from '../valkey/run-script.ts';

/** Interval of a worker's heartbeat; a worker counts as dead after three missed beats, or once its connection is closed. */
export const HEARTBEAT_INTERVAL = 5 * SECOND;
const ALIVE = 3 * HEARTBEAT_INTERVAL;
const FORGOTTEN_AFTER = 1 * HOUR;

const signs = z.object({
  breaker: z.enum(['closed', 'half-open', 'open']),
  ok: z.number(),
  failed: z.number(),
  failedInARow: z.number(),
  /** Earlier releases do not say. */
  failure: z.optional(z.object({ error: z.string(), reason: z.string(), since: z.number() })),
});
const note = z.object({
  id: z.string(),
  pid: z.number(),
  host: z.string(),
  roles: z.array(z.string()),
  /** ISO 8601. */
  started: z.string(),
  /** Of the package; earlier releases do not say. */
  version: z.optional(z.string()),
  state: z.enum(['working', 'closing']),
  /** Where its `/health` and `/metrics` answer; null for nowhere. */
  health: z.nullable(z.string()),
  /** The worker's own observations of each model. */
  models: z.record(z.string(), signs),
  /** The embedder of a worker that reads texts; earlier releases do not say. */
  embedder: z.optional(z.object({ model: z.string(), dimension: z.number() })),
});
const beaten = z.object({
  version: z.literal(1),
  at: z.number(),
  /** Valkey's id of the worker's connection; if the server gives none, only the time counts. */
  client: z.optional(z.number()),
  note,
});

/** A worker's report about itself. */
export type WorkerNote = z.output<typeof note>;

/** The live workers, and when any worker last committed an episode: milliseconds since 1970, null for never. */
export interface LiveWorkers {
  readonly workers: readonly WorkerNote[];
  readonly lastCommit: number | null;
  /** The latest heartbeat of any worker that did not shut down properly, in milliseconds since 1970; null for none in the last hour. */
  readonly lastHeartbeat: number | null;
  /** The time of Valkey's clock, in milliseconds since 1970. */
  readonly now: number;
}

const workersKey = (prefix: string) => `${prefix}:workers`;
const lastCommitKey = (prefix: string) => `${prefix}:last-commit`;

/**
 * A worker with an older last commit does not change the value.
 *
 * KEYS[1] time of the last commit
 * ARGV[1] milliseconds since 1970
 * Returns nothing
 */
const RAISE_LAST_COMMIT = `if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end`;

/**
 * Stores a worker's heartbeat with the time of Valkey's clock, since the clocks of machines differ.
 * @param sinceCommit milliseconds since its own last commit; null for none yet
 */
export async function recordHeartbeat(
  valkey: Redis,
  prefix: string,
  worker: WorkerNote,
  sinceCommit: number | null,
): Promise<void> {
  // Ids of a cluster's connections mean nothing to its other nodes.
  const connectionId = valkey.isCluster ? undefined : valkey.client('ID').catch(() => undefined);
  const [at, client] = await Promise.all([clock(valkey), connectionId]);
  await valkey.hset(workersKey(prefix), worker.id, JSON.stringify({ version: 1, at, client, note: worker }));
  if (sinceCommit !== null)
    await runScript(valkey, RAISE_LAST_COMMIT, [lastCommitKey(prefix)], [Math.round(at - sinceCommit)]);
  await forgetDead(valkey, prefix, at);
}

/** Removes a worker that shut down properly from the list. */
export async function removeWorker(valkey: Redis, prefix: string, id: string): Promise<void> {
  await valkey.hdel(workersKey(prefix), id);
}

export async function readLiveWorkers(valkey: Redis, prefix: string): Promise<LiveWorkers> {
  const [now, beats, committed] = await Promise.all([
    clock(valkey),
    valkey.hvals(workersKey(prefix)),
    valkey.get(lastCommitKey(prefix)),
  ]);
  const known = beats.flatMap((text) => read(text) ?? []);
  const recent = known.filter(({ at }) => now - at <= ALIVE);
  const connected = await connectedOf(valkey, recent);
  const workers = recent.filter(connected).map((beat) => beat.note);
  workers.sort((a, b) => a.started.localeCompare(b.started) || a.id.localeCompare(b.id));
  return {
    workers,
    lastCommit: committed === null ? null : Number(committed),
    lastHeartbeat: known.length > 0 ? Math.max(...known.map(({ at }) => at)) : null,
    now,
  };
}

type Beat = z.output<typeof beaten>;

/**
 * Returns a check whether a worker's connection is open. The connection of a killed worker closes at once, long before its last heartbeat is
 * old.
 */
async function connectedOf(valkey: Redis, beats: readonly Beat[]): Promise<(beat: Beat) => boolean> {
  const ids = beats.flatMap(({ client }) => (client === undefined ? [] : [String(client)]));
  if (ids.length === 0) return () => true;
  // Managed servers may forbid CLIENT LIST.
  const list = await valkey.client('LIST', 'ID', ...ids).catch(() => undefined);
  if (typeof list !== 'string') return () => true;
  const connected = new Set(Array.from(list.matchAll(/^id=(\d+) /gm), ([, id]) => Number(id)));
  return ({ client }) => client === undefined || connected.has(client);
}

async function forgetDead(valkey: Redis, prefix: string, now: number): Promise<void> {
  const beats = await valkey.hgetall(workersKey(prefix));
  const dead = Object.entries(beats).filter(([, text]) => now - (read(text)?.at ?? now) > FORGOTTEN_AFTER);
  if (dead.length > 0) await valkey.hdel(workersKey(prefix), ...dead.map(([id]) => id));
}

async function clock(valkey: Redis): Promise<number> {
  const [seconds, microseconds] = await valkey.time();
  return Number(seconds) * SECOND + Math.floor(Number(microseconds) / 1000);
}

/** Undefined for a heartbeat of another version. */
const read = (text: string): Beat | undefined => beaten.safeParse(parseJson(text)).data;

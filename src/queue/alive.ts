import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { HOUR, SECOND } from '../time.ts';

/** Interval of a worker's heartbeat; a worker counts as dead after three missed beats, or once its connection is closed. */
export const BEAT = 5 * SECOND;
const ALIVE = 3 * BEAT;
const FORGOTTEN_AFTER = 1 * HOUR;

const signs = z.object({
  breaker: z.enum(['closed', 'half-open', 'open']),
  ok: z.number(),
  failed: z.number(),
  failedInARow: z.number(),
});
const note = z.object({
  id: z.string(),
  pid: z.number(),
  host: z.string(),
  roles: z.array(z.string()),
  /** ISO 8601. */
  started: z.string(),
  state: z.enum(['working', 'closing']),
  /** Where its `/health` and `/metrics` answer; null for nowhere. */
  health: z.nullable(z.string()),
  /** The worker's own observations of each model. */
  models: z.record(z.string(), signs),
});
const beaten = z.object({
  version: z.literal(1),
  at: z.number(),
  /** Valkey's id of the worker's connection; if the server gives none, only the time counts. */
  client: z.optional(z.number()),
  note,
});

/** What a worker says of itself. */
export type WorkerNote = z.output<typeof note>;

/** The workers that live, and when the last episode was committed, by whomever: milliseconds since 1970, null for never. */
export interface Alive {
  readonly workers: readonly WorkerNote[];
  readonly lastCommit: number | null;
  /** What Valkey's clock says, in milliseconds since 1970. */
  readonly now: number;
}

const workersKey = (prefix: string) => `${prefix}:workers`;
const lastCommitKey = (prefix: string) => `${prefix}:last-commit`;

// A worker whose last commit is older does not set it back.
const RAISE = `if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end`;

/**
 * Notes that a worker lives, by Valkey's clock, since those of machines differ.
 * @param sinceCommit milliseconds since its own last commit; null for none yet
 */
export async function noteAlive(
  valkey: Redis,
  prefix: string,
  worker: WorkerNote,
  sinceCommit: number | null,
): Promise<void> {
  const [at, client] = await Promise.all([clock(valkey), valkey.client('ID').catch(() => undefined)]);
  await valkey.hset(workersKey(prefix), worker.id, JSON.stringify({ version: 1, at, client, note: worker }));
  if (sinceCommit !== null) await valkey.eval(RAISE, 1, lastCommitKey(prefix), Math.round(at - sinceCommit));
  await forgetDead(valkey, prefix, at);
}

/** Takes a worker that ends in order off the list. */
export async function noteGone(valkey: Redis, prefix: string, id: string): Promise<void> {
  await valkey.hdel(workersKey(prefix), id);
}

export async function readAlive(valkey: Redis, prefix: string): Promise<Alive> {
  const [now, beats, committed] = await Promise.all([
    clock(valkey),
    valkey.hvals(workersKey(prefix)),
    valkey.get(lastCommitKey(prefix)),
  ]);
  const recent = beats.flatMap((text) => {
    const beat = read(text);
    return beat && now - beat.at <= ALIVE ? [beat] : [];
  });
  const connected = await connectedOf(valkey, recent);
  const workers = recent.filter(connected).map((beat) => beat.note);
  workers.sort((a, b) => a.started.localeCompare(b.started) || a.id.localeCompare(b.id));
  return { workers, lastCommit: committed === null ? null : Number(committed), now };
}

type Beat = z.output<typeof beaten>;

/** Returns a check whether a worker's connection is open: a killed worker's closes at once, long before its last beat is old. */
async function connectedOf(valkey: Redis, beats: readonly Beat[]): Promise<(beat: Beat) => boolean> {
  const ids = beats.flatMap(({ client }) => (client === undefined ? [] : [String(client)]));
  if (ids.length === 0) return () => true;
  // Managed servers may forbid it.
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

/** Undefined for what another version wrote. */
function read(text: string): Beat | undefined {
  try {
    return beaten.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

import type { Redis } from 'ioredis';
import { DAY } from '../time.ts';
import { groupKey } from './keys.ts';

/** Progress of a change of a group's embedder. */
export interface ReembeddingNote {
  /** The new embedder. */
  readonly model: string;
  readonly dimension: number;
  /** `replacing`: all texts are embedded, and commits wait until the graph is replaced. */
  readonly phase: 'embedding' | 'replacing';
  /** From 0 to 1, of this phase. */
  readonly share: number;
  /** Time of the last update, in milliseconds since 1970. */
  readonly at: number;
}

/** An entry of a dead worker expires after this time. */
const TTL = 1 * DAY;

// Under `memo`, for which existing Valkey users have rights already.
const key = (valkey: Redis, group: string): string => `${groupKey(valkey, 'memo', group)}:reembed`;

export async function storeReembedding(valkey: Redis, group: string, note: Omit<ReembeddingNote, 'at'>): Promise<void> {
  await valkey.set(key(valkey, group), JSON.stringify({ ...note, at: Date.now() }), 'PX', TTL);
}

/** Null while no change of the embedder is running. */
export async function readReembedding(valkey: Redis, group: string): Promise<ReembeddingNote | null> {
  const noted = await valkey.get(key(valkey, group));
  return noted === null ? null : (JSON.parse(noted) as ReembeddingNote);
}

export async function endReembedding(valkey: Redis, group: string): Promise<void> {
  await valkey.del(key(valkey, group));
}

import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { groupKey } from './keys.ts';

export const versionKey = (valkey: Redis, group: string): string => groupKey(valkey, 'version', group);

/**
 * Gives the group a version that it never had before, which makes every cached answer of the group count no more.
 * It is random and not a counter, so that a Valkey that lost its data cannot come to an old version again.
 */
export async function raiseVersion(valkey: Redis, group: string): Promise<void> {
  await valkey.set(versionKey(valkey, group), newVersion());
}

export const newVersion = (): string => randomUUID();

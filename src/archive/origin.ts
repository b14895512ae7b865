import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import * as z from 'zod/mini';

/** Who made an archive, as its manifest says; earlier releases did not note it. */
export const originShape = z.object({
  by: z.enum(['hand', 'night']),
  /** `installationId` of the Valkey whose worker wrote it. */
  installation: z.string(),
});
export type Origin = z.output<typeof originShape>;

/**
 * The id of all that shares one Valkey and queue prefix, made at its first use. A Valkey that lost its data gets another one, so that
 * archives of before count as somebody else's: too many are kept then, and none is lost.
 */
export async function installationId(valkey: Redis, prefix: string): Promise<string> {
  const key = `${prefix}:installation`;
  await valkey.set(key, randomUUID(), 'NX');
  return (await valkey.get(key)) ?? installationId(valkey, prefix);
}

/** Why a prune must leave an archive alone; undefined for a nightly archive of this installation. */
export function foreignBecause(origin: Origin | undefined, installation: string): string | undefined {
  if (!origin) return 'its release did not note whether it was made by hand';
  if (origin.installation !== installation) return 'it is of another installation';
  return origin.by === 'hand' ? 'it was made by hand' : undefined;
}

import type { Redis } from 'ioredis';
import type { Address } from '../config.ts';
import { primariesOf } from './cluster.ts';
import { replicaError } from './failures.ts';

/** The response time of all primaries in milliseconds. @throws WrongServerError when one is a replica */
export async function pingPrimaries(valkey: Redis, address: Address): Promise<number> {
  const began = performance.now();
  await Promise.all((await primariesOf(valkey)).map((node) => checkPrimary(node, address)));
  return performance.now() - began;
}

async function checkPrimary(node: Redis, address: Address): Promise<void> {
  // Managed servers may forbid ROLE.
  const [, role] = await Promise.all([node.ping(), node.role().catch(() => undefined)]);
  if (role?.[0] === 'slave') throw replicaError('Valkey', address);
}

import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { migrateKeys } from '../journal/migrate-keys.ts';
import { ensureConnected, failFastConnection, retryingConnection } from '../valkey/connections.ts';
import { inNamespace } from '../valkey/keys.ts';
import { type Leases, openLeases } from '../valkey/lease.ts';

/** The parts that a program needs to change a graph itself, as a worker does. */
export interface LeaseClient {
  readonly valkey: Redis;
  readonly leases: Leases;
  /** To be called before anything reads or writes the group's keys; see `journal/migrate-keys.ts`. */
  migrateKeys(graph: GroupGraph): Promise<boolean>;
  close(): void;
}

/** @throws StoreUnreachableError, AccessRefusedError, WrongServerError when Valkey does not answer now */
export async function openLeaseClient({ valkey: address, queuePrefix, takeoverMs }: Config): Promise<LeaseClient> {
  // Waiting for a lease may take long, but an unreachable Valkey must be reported at once.
  const first = failFastConnection(address);
  try {
    await ensureConnected(first, address);
  } finally {
    first.disconnect();
  }
  const valkey = inNamespace(retryingConnection(address), queuePrefix);
  const leases = openLeases(valkey, takeoverMs);
  return {
    valkey,
    leases,
    migrateKeys: (graph) => migrateKeys(valkey, graph),
    close() {
      leases.close();
      valkey.disconnect();
    },
  };
}

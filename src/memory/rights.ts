import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { takeOver } from '../journal/take-over.ts';
import { established, impatientConnection, patientConnection } from '../valkey/connections.ts';
import { inNamespace } from '../valkey/keys.ts';
import { type Leases, openLeases } from '../valkey/lease.ts';

/** What a program needs that changes a graph itself, as a worker does. */
export interface Rights {
  readonly valkey: Redis;
  readonly leases: Leases;
  /** Comes before anything that reads or writes the group's keys: `journal/take-over.ts`. */
  takeOver(graph: GroupGraph): Promise<boolean>;
  close(): void;
}

/** @throws StoreUnreachableError, AccessRefusedError, WrongServerError when Valkey does not answer now */
export async function openRights({ valkey: address, queuePrefix, takeover }: Config): Promise<Rights> {
  // Leases are waited for with patience; that nobody is there at all must show at once.
  const first = impatientConnection(address);
  try {
    await established(first, address);
  } finally {
    first.disconnect();
  }
  const valkey = inNamespace(patientConnection(address), queuePrefix);
  const leases = openLeases(valkey, takeover);
  return {
    valkey,
    leases,
    takeOver: (graph) => takeOver(valkey, graph),
    close() {
      leases.close();
      valkey.disconnect();
    },
  };
}

import type { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import type { Config } from '../../src/config.ts';
import { type Graphs, openGraphs } from '../../src/graph/graphs.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { retryingConnection } from '../../src/valkey/connections.ts';
import { inNamespace } from '../../src/valkey/keys.ts';
import { type Leases, openLeases } from '../../src/valkey/lease.ts';
import type { Stores } from './stores.ts';

/** Connections for tests that bypass the queue. */
export interface StoreConnections {
  graphs: Graphs;
  valkey: Redis;
  leases: Leases;
}

/** Opens both stores before the file's tests and closes them after. */
export function useStoreConnections(stores: Stores): StoreConnections {
  const opened = {} as StoreConnections;
  beforeAll(() => {
    opened.valkey = inNamespace(retryingConnection(stores.config.valkey), stores.config.queuePrefix);
    opened.graphs = openGraphs(stores.config.falkordb, { journal: openJournal(opened.valkey) });
    opened.leases = openLeases(opened.valkey, stores.config.takeoverMs);
  });
  afterAll(() => {
    opened.graphs.close();
    opened.leases.close();
    opened.valkey.disconnect();
  });
  return opened;
}

/** Separate connections to the same stores, like those of another process. */
export function openStoreConnections({
  falkordb,
  valkey: address,
  queuePrefix,
  takeoverMs,
}: Config): StoreConnections & { close(): void } {
  const valkey = inNamespace(retryingConnection(address), queuePrefix);
  const graphs = openGraphs(falkordb, { journal: openJournal(valkey) });
  const leases = openLeases(valkey, takeoverMs);
  const close = () => {
    graphs.close();
    leases.close();
    valkey.disconnect();
  };
  return { graphs, valkey, leases, close };
}

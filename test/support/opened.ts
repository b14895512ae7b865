import type { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { type Graphs, openGraphs } from '../../src/graph/graphs.ts';
import { patientConnection } from '../../src/valkey/connections.ts';
import type { Stores } from './stores.ts';

/** What a test that works past the queue opens itself. */
export interface Opened {
  graphs: Graphs;
  valkey: Redis;
}

/** Opens both stores before the file's tests and closes them after. */
export function useOpened(stores: Stores): Opened {
  const opened = {} as Opened;
  beforeAll(() => {
    opened.graphs = openGraphs(stores.config.falkordb);
    opened.valkey = patientConnection(stores.config.valkey);
  });
  afterAll(() => {
    opened.graphs.close();
    opened.valkey.disconnect();
  });
  return opened;
}

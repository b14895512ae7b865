import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Config, loadConfig } from '../../src/config.ts';
import { type Servers, startServers } from '../../src/embedded/servers.ts';

/** Servers of this test file, or the ones in the environment. */
export interface Stores {
  servers: Servers;
  /** Settings for these servers with a queue, a folder and a default group that no other test file uses. */
  config: Config;
}

/** Starts Valkey and FalkorDB before the file's tests and stops them after. */
export function useStores(): Stores {
  const stores = {} as Stores;
  let folder = '';
  beforeAll(async () => {
    stores.servers = await startServers();
    folder = await mkdtemp(join(tmpdir(), 'memory-test-'));
    const { host, port } = stores.servers.valkey;
    stores.config = {
      ...loadConfig({}),
      valkey: { host, port, tls: false },
      falkordb: { host: stores.servers.falkordb.host, port: stores.servers.falkordb.port, tls: false },
      models: 'local',
      nightly: undefined,
      group: newGroup(),
      exportDir: join(folder, 'exports'),
      // The test file's own servers are empty, so tests can use the default names of keys.
      queuePrefix: stores.servers.own ? loadConfig({}).queuePrefix : `{${newGroup()}}`,
      home: join(folder, 'home'),
      health: { host: '127.0.0.1', port: 0 },
    };
  });
  afterAll(async () => {
    await stores.servers?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return stores;
}

/** A group that no other test uses. */
export const newGroup = (): string => `test-${randomUUID().slice(0, 8)}`;

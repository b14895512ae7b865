import { connect } from 'node:net';
import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ensureConnected, failFastConnection, singleConnection, waitUntilReady } from '../../src/valkey/connections.ts';
import { type Deployment, startCluster } from '../support/deploy/deployments.ts';
import type { ServerProcess } from '../support/deploy/server-process.ts';

const ROUNDS = 4;

let cluster: Deployment;
let [frozen, healthy]: ServerProcess[] = [];

beforeAll(async () => {
  cluster = await startCluster({ isReplaced: false });
  [frozen, healthy] = cluster.servers;
});
beforeEach(() => frozen?.thaw());
afterAll(() => cluster?.stop());

/** A key of this server. */
async function keyOf(server: ServerProcess | undefined): Promise<string> {
  for (let number = 0; ; number += 1)
    if ((await cluster.primaryOf(`key${number}`)).port === server?.port) return `key${number}`;
}

test('a frozen cluster node does not close connections to other nodes', async () => {
  const [away, here] = [await keyOf(frozen), await keyOf(healthy)];
  const connection = failFastConnection(cluster.address);
  await ensureConnected(connection, cluster.address);
  await connection.set(away, 'away');
  await connection.set(here, 'here');
  const node = (): Redis | undefined =>
    (connection as unknown as Cluster).nodes('master').find(({ options }) => options.port === healthy?.port);
  const { stream } = node() as Redis;
  frozen?.freeze();

  // From the second round on the client asks the other node, which names the frozen one.
  for (let round = 0; round < ROUNDS; round += 1) {
    const refused = connection.get(away).then(
      () => 'answered',
      ({ message }: Error) => message,
    );
    expect(await connection.get(here)).toBe('here');
    // Not the error of a client that waited for the same node several times.
    expect(await refused).toBe('no answer within 800 ms');
    expect(await connection.get(here)).toBe('here');
  }

  expect(node()?.stream).toBe(stream);
  connection.disconnect();
});

test('a cluster node that accepts no connections delays commands no longer than a frozen one', async () => {
  const away = await keyOf(frozen);
  const { host = '', port = 0 } = frozen ?? {};
  frozen?.freeze();
  // More connections than the backlog of the frozen server; the system ignores the rest.
  const waiting = Array.from({ length: 16 }, () => connect(port, host).on('error', () => {}));
  const connection = failFastConnection({
    ...cluster.address,
    topology: { kind: 'cluster', nodes: [{ host, port: healthy?.port ?? 0 }] },
  });
  await ensureConnected(connection, cluster.address);

  const refused = await connection.get(away).catch(({ message }: Error) => message);

  for (const socket of waiting) socket.destroy();
  connection.disconnect();
  expect(refused).toBe('no answer within 800 ms');
});

test('a client that contacts a frozen node first still discovers the cluster', async () => {
  frozen?.freeze();
  const nodes = [frozen, healthy].map((server) => ({ host: server?.host ?? '', port: server?.port ?? 0 }));
  const address = { ...cluster.address, topology: { kind: 'cluster', nodes } } as const;
  // Each client starts with a random node.
  const connections = Array.from({ length: 8 }, () => singleConnection(address, 10_000));

  await Promise.all(connections.map((connection) => waitUntilReady(connection, 10_000)));
  for (const connection of connections) connection.disconnect();
});

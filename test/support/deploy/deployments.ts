import type { Address } from '../../../src/config.ts';
import { HOUR } from '../../../src/time.ts';
import { until } from '../wait.ts';
import { type ServerProcess, startProcess } from './server-process.ts';

/** Several servers that form one store. */
export interface Deployment {
  readonly address: Address;
  /** The servers that hold data, primaries first. */
  readonly servers: readonly ServerProcess[];
  /** The server that is the primary of this key now. */
  primaryOf(key: string): Promise<ServerProcess>;
  stop(): Promise<void>;
}

/** Milliseconds of silence after which the other servers replace a server. */
const SILENCE = 2000;
const DURABLE = [
  'appendonly yes',
  'appendfsync everysec',
  'save ""',
  'maxmemory-policy noeviction',
  'repl-diskless-sync-delay 0',
];
const GROUP = 'main';

/**
 * One primary with two replicas and three sentinels.
 * @param options.silence milliseconds of silence before the sentinels replace a server. They promote no replica that has had no primary for ten
 *        times as long.
 */
export async function startSentinels({
  silence = SILENCE,
  ...options
}: {
  readonly withGraphs?: boolean;
  readonly silence?: number;
} = {}): Promise<Deployment> {
  const [primary, ...replicas] = await Promise.all([1, 2, 3].map(() => startProcess(() => DURABLE, options)));
  const { host, port } = primary as ServerProcess;
  const servers = [primary as ServerProcess, ...replicas];
  await Promise.all(replicas.map(({ client }) => client.replicaof(host, port)));
  const sentinels = await Promise.all(
    [1, 2, 3].map(() =>
      startProcess(
        () => [
          `sentinel monitor ${GROUP} ${host} ${port} 2`,
          `sentinel down-after-milliseconds ${GROUP} ${silence}`,
          `sentinel failover-timeout ${GROUP} 10000`,
        ],
        { isSentinel: true },
      ),
    ),
  );
  for (const { client } of sentinels)
    await until('sentinels that know each other and the replicas', async () => {
      const flat = (await client.call('SENTINEL', 'MASTER', GROUP).catch(() => [])) as string[];
      const field = (name: string) => flat[flat.indexOf(name) + 1];
      return field('num-slaves') === '2' && field('num-other-sentinels') === '2';
    });
  await linked(replicas);
  return {
    servers,
    address: {
      ...{ host, port, tls: false },
      topology: {
        kind: 'sentinel',
        name: GROUP,
        nodes: sentinels.map((each) => ({ host: each.host, port: each.port })),
      },
    },
    async primaryOf() {
      const [sentinel] = sentinels as [ServerProcess];
      const place = await sentinel.client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', GROUP);
      return serverAt(servers, Number((place as string[])[1]));
    },
    stop: () => stopAll([...sentinels, ...servers]),
  };
}

/** Three primaries with one replica each, or two primaries that are never replaced and have a short accept queue. */
export async function startCluster({ isReplaced = true } = {}): Promise<Deployment> {
  const lines = [
    ...DURABLE,
    'cluster-enabled yes',
    `cluster-node-timeout ${isReplaced ? SILENCE : HOUR}`,
    'cluster-config-file nodes.conf',
    // A replica may take over regardless of how long it has been disconnected.
    'cluster-replica-validity-factor 0',
    ...(isReplaced ? [] : ['tcp-backlog 1']),
  ];
  const count = isReplaced ? 3 : 2;
  const total = isReplaced ? 2 * count : count;
  const servers = await Promise.all(Array.from({ length: total }, () => startProcess(() => lines)));
  const [first, ...others] = servers as [ServerProcess, ...ServerProcess[]];
  const primaries = servers.slice(0, count);
  const replicas = servers.slice(count);
  for (const { host, port } of others) await first.client.call('CLUSTER', 'MEET', host, String(port));
  const share = Math.ceil(16_384 / primaries.length);
  await Promise.all(
    primaries.map(({ client }, index) =>
      client.call('CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(Math.min((index + 1) * share, 16_384) - 1)),
    ),
  );
  for (const [index, replica] of replicas.entries()) {
    const id = String(await primaries[index]?.client.call('CLUSTER', 'MYID'));
    await until('a replica that knows its primary', () =>
      replica.client.call('CLUSTER', 'REPLICATE', id).then(
        () => true,
        () => false,
      ),
    );
  }
  for (const { client } of servers)
    await until('nodes that agree', async () => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      const nodes = String(await client.call('CLUSTER', 'NODES'));
      return (
        /cluster_state:ok/.test(info) &&
        info.includes(`cluster_known_nodes:${total}\r`) &&
        (nodes.match(/ (?:myself,)?slave /g) ?? []).length === replicas.length
      );
    });
  await linked(replicas);
  return {
    servers,
    address: {
      ...{ host: first.host, port: first.port, tls: false },
      topology: { kind: 'cluster', nodes: servers.map(({ host, port }) => ({ host, port })) },
    },
    async primaryOf(key) {
      for (const { client } of servers) {
        if (client.status !== 'ready') continue;
        const slot = Number(await client.call('CLUSTER', 'KEYSLOT', key));
        const ranges = (await client.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
        const range = ranges.find(([from, to]) => from <= slot && slot <= to);
        if (range) return serverAt(servers, range[2][1]);
      }
      throw new Error('no node of the cluster answers');
    },
    stop: () => stopAll(servers),
  };
}

/** Waits until each replica has its primary's data. */
async function linked(replicas: readonly ServerProcess[]): Promise<void> {
  for (const { client } of replicas)
    await until('a replica with its data', async () => /master_link_status:up/.test(await client.info('replication')));
}

function serverAt(servers: readonly ServerProcess[], port: number): ServerProcess {
  const found = servers.find((server) => server.port === port);
  if (!found) throw new Error(`no server of the deployment has port ${port}`);
  return found;
}

const stopAll = async (processes: readonly ServerProcess[]) => {
  await Promise.all(processes.map((each) => each.stop()));
};

import { until } from '../wait.ts';
import type { Deployment } from './deployments.ts';
import type { ServerProcess } from './server-process.ts';

/** The replicas that are configured to follow this primary. */
export async function replicasOf({ servers }: Deployment, primary: ServerProcess): Promise<ServerProcess[]> {
  const alive = servers.filter(({ client }) => client.status === 'ready');
  const roles = await Promise.all(alive.map(({ client }) => client.role() as Promise<unknown[]>));
  return alive.filter((_, index) => roles[index]?.[0] === 'slave' && roles[index]?.[2] === primary.port);
}

/** Stops replication until `restoreReplication`, while all servers keep answering. */
export async function cutReplication(primary: ServerProcess, replicas: readonly ServerProcess[]): Promise<void> {
  // A server without a password rejects every password, so the replicas cannot reconnect.
  for (const { client } of replicas) await client.config('SET', 'masterauth', 'wrong');
  await primary.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
  await until('a primary without replicas', async () =>
    /connected_slaves:0\r/.test(await primary.client.info('replication')),
  );
}

export async function restoreReplication(replicas: readonly ServerProcess[]): Promise<void> {
  for (const { client } of replicas) await client.config('SET', 'masterauth', '');
}

/** Waits until every replica has all that its primary has. */
export async function replicated(primary: ServerProcess, replicas: readonly ServerProcess[]): Promise<void> {
  await until('replicas with all data', async () => {
    const own = /master_repl_offset:(\d+)/.exec(await primary.client.info('replication'))?.[1];
    const offsets = await Promise.all(
      replicas.map(async ({ client }) => /slave_repl_offset:(\d+)/.exec(await client.info('replication'))?.[1]),
    );
    return offsets.every((offset) => offset === own);
  });
}

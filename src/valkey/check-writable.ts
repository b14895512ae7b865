import type { Redis } from 'ioredis';
import type { Address } from '../config.ts';
import { isOperationalError, StoreUnreachableError } from '../errors.ts';
import { storeLocation } from '../store-address.ts';
import { primariesOf } from './cluster.ts';
import { ensureConnected, failFastConnection } from './connections.ts';
import { explainStore, replicaError, type StoreKind } from './failures.ts';
import { ignoreReplyError } from './server-info.ts';

/**
 * Checks that a server is a primary that accepts writes, and writes nothing: in a transaction a server refuses each command as it would
 * outside, and a discarded transaction changes nothing. The check opens its own connection, since an open connection may lead to another
 * server than a new one, as when the primary behind an address was replaced.
 * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
 */
export async function checkWritable(store: StoreKind, address: Address, queuePrefix: string): Promise<void> {
  const connection = failFastConnection(address);
  try {
    await ensureConnected(connection, address).catch((error: Error) => {
      throw store === 'Valkey' ? error : explainStore(error.cause, store, address);
    });
    for (const node of await primariesOf(connection)) {
      // A replica can be configured to accept writes. Managed servers may forbid ROLE.
      const role = await node.role().catch(ignoreReplyError);
      if (role?.[0] === 'slave') throw replicaError(store, address);
      await tryWrite(node, store, queuePrefix).catch((error: unknown) => {
        // Only one node of a cluster has the queues.
        if (!connection.isCluster || !/^MOVED /.test((error as Error).message)) throw error;
      });
    }
  } catch (error) {
    throw explainRefusal(error, store, address);
  } finally {
    connection.disconnect();
  }
}

/** Both writes are among the rights that a worker needs. */
async function tryWrite(connection: Redis, store: StoreKind, queuePrefix: string): Promise<void> {
  await connection.call('MULTI');
  if (store === 'Valkey') await connection.call('SET', `${queuePrefix}:ready`, 'x');
  else await connection.call('GRAPH.QUERY', 'ready', 'RETURN 1');
  await connection.call('DISCARD');
}

function explainRefusal(error: unknown, store: StoreKind, address: Address): Error {
  const { name, message } = error as Error;
  const explained = explainStore(error, store, address);
  if (name !== 'ReplyError' || isOperationalError(explained)) return explained;
  // Only the code of the refusal is certain to contain no data.
  const at = `${store} at ${storeLocation(address)}`;
  return new StoreUnreachableError(`${at} accepts no writes (${message.split(' ')[0]}).`, { cause: error });
}

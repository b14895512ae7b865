import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import { ensureConnected, failFastConnection } from '../valkey/connections.ts';
import { explainValkey, isFalkorDBError } from '../valkey/failures.ts';
import { inNamespace } from '../valkey/keys.ts';
import { isDemotion } from '../valkey/open-client.ts';
import { ignoreReplyError } from '../valkey/server-info.ts';
import { EXPORT_QUEUE, type QueueName, STORE_QUEUE } from './jobs.ts';

/** Both queues on one connection, for callers that need an answer or an error at once. */
export interface OpenQueues {
  readonly connection: Redis;
  readonly queues: Readonly<Record<QueueName, Queue>>;
  readonly config: Config;
  /**
   * Runs calls to Valkey, which answer or fail within a second, also while Valkey is down or frozen.
   * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
   */
  ask<T>(work: (valkey: Redis) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function openQueues(config: Config): OpenQueues {
  const connection = inNamespace(failFastConnection(config.valkey), config.queuePrefix);
  const queues = {
    store: openQueue(STORE_QUEUE, connection, config),
    export: openQueue(EXPORT_QUEUE, connection, config),
  };
  let isPlain: Promise<void> | undefined;
  /** FalkorDB would accept the jobs too, but no worker looks for them there. */
  async function refuseFalkorDB(): Promise<void> {
    const [graphs] = ((await connection.call('COMMAND', 'INFO', 'GRAPH.QUERY').catch(ignoreReplyError)) ??
      []) as unknown[];
    if (graphs) throw isFalkorDBError(config.valkey);
  }
  /** Asked once, also by calls that begin at the same time. */
  async function checkPlain(): Promise<void> {
    const checking = isPlain ?? refuseFalkorDB();
    isPlain = checking;
    try {
      await checking;
    } catch (error) {
      if (isPlain === checking) isPlain = undefined;
      throw error;
    }
  }
  return {
    connection,
    queues,
    config,
    async ask<T>(work: (valkey: Redis) => Promise<T>): Promise<T> {
      const attempt = async () => {
        await ensureConnected(connection, config.valkey);
        await checkPlain();
        return await work(connection);
      };
      try {
        // A demoted primary refused the call, so that nothing was done. Its address may lead to the new primary by now.
        return await attempt().catch((error: unknown) => (isDemotion(error) ? attempt() : Promise.reject(error)));
      } catch (error) {
        throw explainValkey(error, config.valkey);
      }
    },
    async close(): Promise<void> {
      await Promise.allSettled([queues.store.close(), queues.export.close()]);
      connection.disconnect();
    },
  };
}

/**
 * Both skips are needed to fail fast and still recover: without them the queue waits for a connection indefinitely, or keeps
 * the failure of its first version check (seen with BullMQ 6.7).
 */
export function openQueue(name: string, connection: Redis, config: Config): Queue {
  const queue = new Queue(name, {
    connection,
    prefix: config.queuePrefix,
    skipWaitingForReady: true,
    skipVersionCheck: true,
    skipMetasUpdate: true,
  });
  queue.on('error', () => {});
  return queue;
}

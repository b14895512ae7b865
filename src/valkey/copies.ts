import type { Redis } from 'ioredis';
import type { Address } from '../config.ts';
import { StoreUnreachableError } from '../errors.ts';
import { shareCalls } from '../share-calls.ts';
import { storeLocation } from '../store-address.ts';
import { SECOND } from '../time.ts';
import { primariesOf } from './cluster.ts';
import { ensureConnected, failFastConnection } from './connections.ts';
import { ignoreReplyError } from './server-info.ts';

/*
 * Waits until replicas have a job. Valkey's WAIT counts replicas that have all that its own connection wrote before. The connection that added the
 * job may have been replaced meanwhile, and a job that existed was not written at all. So a field of the job is written again with the same value,
 * just before WAIT on the same connection: replicas apply writes in order, so one that has this write also has the job. A primary that does not
 * have the job, such as one that was promoted without it, writes nothing and says so.
 */

/** A caller may have to wait for the batch before its own; both end within the second that callers wait for Valkey. */
const CONFIRMED_WITHIN = 0.35 * SECOND;

/**
 * Writes the name of the first job again. KEYS[1…]: the jobs. Returns the keys of jobs that do not exist.
 */
const TOUCH_JOBS = `
  local missing, touched = {}, false
  for _, key in ipairs(KEYS) do
    local name = redis.call('HGET', key, 'name')
    if not name then
      table.insert(missing, key)
    elseif not touched then
      redis.call('HSET', key, 'name', name)
      touched = true
    end
  end
  return missing`;

/** The replicas' confirmations, for VALKEY_COPIES. */
export interface Copies {
  /**
   * Waits until enough replicas have these jobs, which are on one node. Calls at the same time share a round trip.
   * @throws StoreUnreachableError when too few confirm in time, or a job is gone; AccessRefusedError, WrongServerError
   */
  confirm(keys: readonly string[]): Promise<void>;
  connect(): Promise<void>;
  close(): void;
}

interface Confirmation {
  readonly missing: ReadonlySet<string>;
  readonly replicas: number;
}

/** On a connection of its own, since WAIT delays all later commands of its connection. */
export function openCopies(address: Address, wanted: number): Copies {
  const connection = failFastConnection(address);
  const confirmation = shareCalls((keys: readonly string[]) => askReplicas(connection, keys, wanted));

  return {
    connect: () => ensureConnected(connection, address),
    async confirm(keys) {
      await ensureConnected(connection, address);
      const { missing, replicas } = await confirmation(keys);
      const at = `Valkey at ${storeLocation(address)}`;
      if (keys.some((key) => missing.has(key)))
        throw new StoreUnreachableError(`${at} no longer has the job, as after a failover; try again.`);
      if (replicas < wanted)
        throw new StoreUnreachableError(
          `${at} has ${replicas} of the ${wanted} copies that VALKEY_COPIES asks for; check its replicas.`,
        );
    },
    close: () => connection.disconnect(),
  };
}

async function askReplicas(connection: Redis, keys: readonly string[], wanted: number): Promise<Confirmation> {
  try {
    return await touchAndWait(connection, keys, wanted);
  } catch (error) {
    const [first] = keys;
    if (first === undefined || !/^(?:MOVED|ASK) /.test((error as Error).message)) throw error;
    // A cluster's client redirects no pipeline of which a part succeeded. From a single command it learns the new node.
    await connection.exists(first);
    return await touchAndWait(connection, keys, wanted);
  }
}

/** Both commands reach the same node over the same connection, or fail. */
async function touchAndWait(connection: Redis, keys: readonly string[], wanted: number): Promise<Confirmation> {
  const calls = connection
    .pipeline()
    .eval(TOUCH_JOBS, keys.length, ...keys)
    .wait(wanted, CONFIRMED_WITHIN);
  const answers = (await calls.exec()) ?? [];
  for (const [error] of answers) if (error) throw error;
  const [missing, replicas] = answers.map(([, answer]) => answer) as [string[], number];
  return { missing: new Set(missing), replicas };
}

/** How many replicas the primary has that has the fewest; null where the server does not tell. */
export async function fewestReplicas(valkey: Redis): Promise<number | null> {
  const roles = await Promise.all(
    (await primariesOf(valkey)).map((node) => node.role().catch(ignoreReplyError) as Promise<unknown[] | undefined>),
  );
  const counts = roles.map((role) => (Array.isArray(role?.[2]) ? role[2].length : null));
  return counts.includes(null) ? null : Math.min(...(counts as number[]));
}

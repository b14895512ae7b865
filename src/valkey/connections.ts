import type { Cluster, Redis } from 'ioredis';
import type { Address } from '../config.ts';
import { SECOND } from '../time.ts';
import { explainValkey } from './failures.ts';
import { openClient } from './open-client.ts';

/** Callers that read or store wait at most this long for Valkey. */
const PATIENCE = 800;
/** Silence is counted in slices: a period in which this process itself was busy, as when it loads code, counts as one slice. */
const SLICES = 8;

const ROLE_CHECKED_EVERY = 5 * SECOND;
/** Most of a caller's time limit may pass while a cluster promotes a replica; a worker waits longer than any failover should take. */
const FAILOVER = { short: 0.6 * SECOND, long: 20 * SECOND };

/** A connection that only reads would not notice a demotion, and would read outdated data. */
function checkRole(client: Redis): Redis {
  // A cluster's nodes redirect readers too.
  if (client.isCluster) return client;
  let timer: NodeJS.Timeout | undefined;
  const check = async () => {
    // Managed servers may forbid it.
    const role = await client.role().catch(() => undefined);
    if (role?.[0] === 'slave' && client.status === 'ready') client.disconnect(true);
  };
  client.on('ready', () => {
    clearInterval(timer);
    timer = setInterval(() => void check(), ROLE_CHECKED_EVERY).unref();
  });
  client.on('close', () => clearInterval(timer));
  return client;
}

/**
 * For callers that need an answer or an error at once: nothing is queued while Valkey is down, and calls to a frozen Valkey fail after 0.8 s.
 * The connection keeps reconnecting in the background. A command that timed out may still be executed.
 */
export function failFastConnection(address: Address): Redis {
  const connection = openClient(address, 'fail', {
    enableOfflineQueue: false,
    connectTimeout: PATIENCE,
    // A silent server never closes its end, so the close is not awaited.
    disconnectTimeout: 0.1 * SECOND,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 200, 5 * SECOND),
    failoverMs: FAILOVER.short,
  });
  // In a cluster each node may fall silent.
  if (connection.isCluster)
    (connection as unknown as Cluster).on('+node', (node) => {
      // Its silence ends the attempt earlier, with a reason for which the commands are not sent again.
      node.options.connectTimeout = 2 * PATIENCE;
      giveUpSilent(node);
    });
  else giveUpSilent(connection);
  return checkRole(connection);
}

/** What ioredis keeps of a connection: the commands that are sent and not answered, and in a cluster those that wait for the connection. */
interface Unanswered {
  readonly commandQueue: { readonly length: number };
  readonly offlineQueue: { readonly length: number };
  flushQueue(error: Error): void;
}

/**
 * Closes the connection, with all its commands, after 0.8 s in which a command was owed an answer and nothing arrived. ioredis' own
 * `commandTimeout` also counts the time in which this process was busy, and keeps a connection to a server that will never answer. A command
 * that a cluster redirected to another node is owed by that node only.
 */
function giveUpSilent(connection: Redis): void {
  const unanswered = connection as unknown as Unanswered;
  const send = connection.sendCommand.bind(connection);
  const owed = () => unanswered.commandQueue.length + unanswered.offlineQueue.length;
  const bytes = () => connection.stream?.bytesRead ?? 0;
  let [silent, received] = [0, 0];
  let timer: NodeJS.Timeout | undefined;
  function tick(): void {
    if (owed() === 0) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    silent = bytes() === received ? silent + 1 : 0;
    received = bytes();
    // The first slice may have begun before the command.
    if (silent <= SLICES) return;
    silent = 0;
    const error = new Error(`no answer within ${PATIENCE} ms`);
    // With its own reason: a cluster sends a command whose connection was closed again, and would wait for the same silence each time.
    unanswered.flushQueue(error);
    connection.stream?.destroy(error);
  }
  connection.sendCommand = (command, stream) => {
    if (owed() === 0) [silent, received] = [0, bytes()];
    // The socket keeps the process alive while an answer may come; the timer alone does not.
    timer ??= setInterval(tick, PATIENCE / SLICES).unref();
    return send(command, stream);
  };
}

/** BullMQ's longest blocking read takes 10 s, and BullMQ duplicates the options of the given connection. */
const LONGEST_BLOCK = 11 * SECOND;

/**
 * For workers, which can wait: commands are queued until Valkey is back.
 * @param silence milliseconds without a reply after which the connection counts as dead and is replaced
 */
export function retryingConnection(address: Address, silence = LONGEST_BLOCK): Redis {
  const connection = checkRole(
    openClient(address, 'resend', {
      maxRetriesPerRequest: null,
      socketTimeout: silence,
      retryStrategy: (attempt) => Math.min(attempt * 200, 5 * SECOND),
      failoverMs: FAILOVER.long,
    }),
  );
  const opened: Redis[] = [];
  duplicates.set(connection, opened);
  const duplicate = connection.duplicate.bind(connection);
  // A cluster's client takes its nodes and the options as two arguments.
  connection.duplicate = (...overrides) => {
    const copy = duplicate(...overrides);
    opened.push(copy);
    return copy;
  };
  return connection;
}

/** BullMQ blocks on duplicates of the connection that it is given. A duplicate whose orderly end failed would reconnect indefinitely. */
const duplicates = new WeakMap<Redis, readonly Redis[]>();

/**
 * Closes a patient connection and all of its duplicates for good. BullMQ may connect a closed duplicate again; if the server is gone by then, it
 * would reconnect indefinitely and keep the process alive. A connection that is closed already is not closed again, since ioredis would start
 * a timer that keeps the process alive for two seconds.
 */
export function disconnectWithDuplicates(connection: Redis): void {
  const opened = [connection, ...(duplicates.get(connection) ?? [])];
  for (const each of opened)
    Object.assign(each.options, each.isCluster ? { clusterRetryStrategy: () => null } : { retryStrategy: () => null });
  for (const each of opened.filter(({ status }) => status !== 'end')) each.disconnect();
}

/** A connection that does not reconnect, for callers that keep several connections and replace broken ones. */
export function singleConnection(address: Address, timeoutMs: number): Redis {
  return openClient(address, 'fail', {
    enableOfflineQueue: false,
    connectTimeout: timeoutMs,
    disconnectTimeout: 0.1 * SECOND,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    failoverMs: FAILOVER.short,
  });
}

const starting = new WeakMap<Redis, Promise<void>>();

/**
 * Waits for the connection's first success or failure; later calls return at once. Needed because an impatient
 * connection refuses commands until it is established.
 * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
 */
export async function ensureConnected(connection: Redis, address: Address): Promise<void> {
  if (isUsable(connection)) return;
  const running = starting.get(connection) ?? establish(connection, address);
  starting.set(connection, running);
  try {
    await running;
  } finally {
    starting.delete(connection);
  }
}

/** A reconnecting connection still has the status ready until its old socket is closed. */
const isUsable = ({ status, stream }: Redis): boolean => status === 'ready' && stream?.writable !== false;

async function establish(connection: Redis, address: Address): Promise<void> {
  try {
    await waitUntilReady(connection, PATIENCE);
  } catch (error) {
    throw explainValkey(error, address);
  }
}

/** Waits until the connection is established, fails with the client's own error, or `timeoutMs` milliseconds are over. */
export async function waitUntilReady(connection: Redis, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let forget: () => void = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      let left = SLICES;
      timer = setInterval(() => {
        left -= 1;
        if (left === 0) reject(new Error(`no answer within ${timeoutMs} ms`));
      }, timeoutMs / SLICES);
      const ended = () => reject(new Error('Connection is closed'));
      // A refused password and a refused connection are error events, each with its reason.
      connection.once('ready', resolve).once('error', reject).once('end', ended);
      forget = () => connection.off('ready', resolve).off('error', reject).off('end', ended);
      if (connection.status === 'wait') connection.connect().catch(() => {});
    });
  } finally {
    clearInterval(timer);
    forget();
  }
}

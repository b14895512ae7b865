import { Redis, type RedisOptions } from 'ioredis';
import type { Address } from '../config.ts';
import { SECOND } from '../time.ts';
import { explainValkey } from './failures.ts';

/** Nobody who asks or stores waits longer than this for Valkey. */
const PATIENCE = 800;
/** Counted in slices: a while in which this process itself was busy, as when it loads code, counts as one and not as silence. */
const SLICES = 8;

/** What a server answers that was demoted to a replica: to a write, and to a command that waited in it when that happened. */
const DEMOTED = /^(?:ERR [^\n]*-)?(?:READONLY|UNBLOCKED|MASTERDOWN) /;
/** So long a demoted server's refusal is taken for a switch of primaries under way. */
const SWITCHES_WITHIN = 5 * SECOND;
const ROLE_CHECKED_EVERY = 5 * SECOND;

/**
 * Every connection to either store is made here. Behind an address that has begun to lead to another primary, as a Kubernetes service
 * does, a connection to the old one stays open indefinitely: it is closed and opened again as soon as a command is refused because
 * of that.
 * @param refused what becomes of that command: `resend` tries it again over the new connection
 */
function openClient(
  { host, port, username, password, tls }: Address,
  refused: 'fail' | 'resend',
  patience: RedisOptions,
): Redis {
  const client = new Redis({
    host,
    port,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(tls ? { tls: {} } : {}),
    reconnectOnError: refused === 'resend' ? resendWhileSwitching() : isDemotion,
    ...patience,
  });
  // Each command reports its own failure; without a listener ioredis would print every one.
  client.on('error', () => {});
  return client;
}

/** Whether a failure says that the server has become a replica. */
export function isDemotion(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && DEMOTED.test(error.message);
}

/** ioredis' answer 2 sends the refused command again; a refused command had no effect, also where it is a script. */
function resendWhileSwitching(): (error: Error) => false | 1 | 2 {
  const since = new WeakMap<object, number>();
  return (error) => {
    if (!isDemotion(error)) return false;
    const { args } = (error as { command?: { args: object } }).command ?? {};
    if (!args) return 1;
    const first = since.get(args) ?? performance.now();
    since.set(args, first);
    // An address that leads to a replica for good has to be told of.
    return performance.now() - first < SWITCHES_WITHIN ? 2 : 1;
  };
}

/** A connection that only reads would never hear of a demotion, and would read what is out of date. */
function checkRole(client: Redis): Redis {
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
 * For callers who want an answer or an error at once: nothing is queued while Valkey is away, and a frozen Valkey is given up
 * after 0.8 s. It goes on reconnecting in the background. A command that timed out may still be carried out.
 */
export function impatientConnection(address: Address): Redis {
  const connection = openClient(address, 'fail', {
    enableOfflineQueue: false,
    connectTimeout: PATIENCE,
    // A silent server never closes its end; nobody waits for that.
    disconnectTimeout: 0.1 * SECOND,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 200, 5 * SECOND),
  });
  giveUpSilent(connection);
  return checkRole(connection);
}

/**
 * Ends the connection, with all commands on it, when nothing came back for 0.8 s. Not by ioredis' own `commandTimeout`: that
 * counts the time in which this process was busy, and keeps a connection on which nobody will ever answer again.
 */
function giveUpSilent(connection: Redis): void {
  const send = connection.sendCommand.bind(connection);
  let [owed, silent] = [0, 0];
  let timer: NodeJS.Timeout | undefined;
  function tick(): void {
    silent += 1;
    if (silent < SLICES) return;
    silent = 0;
    connection.stream?.destroy(new Error(`no answer within ${PATIENCE} ms`));
  }
  function answered(): void {
    [owed, silent] = [owed - 1, 0];
    if (owed === 0) clearInterval(timer);
  }
  connection.sendCommand = (command, stream) => {
    if (owed === 0) timer = setInterval(tick, PATIENCE / SLICES);
    owed += 1;
    command.promise.then(answered, answered);
    return send(command, stream);
  };
}

/** BullMQ's longest blocking read takes 10 s; its own connections are made after the model of the one that it is given. */
const LONGEST_BLOCK = 11 * SECOND;

/**
 * For workers, which wait: commands are kept until Valkey is back.
 * @param silence milliseconds after which a connection that owes a reply counts as dead and is replaced
 */
export function patientConnection(address: Address, silence = LONGEST_BLOCK): Redis {
  return checkRole(
    openClient(address, 'resend', {
      maxRetriesPerRequest: null,
      socketTimeout: silence,
      retryStrategy: (attempt) => Math.min(attempt * 200, 5 * SECOND),
    }),
  );
}

/** A connection that fails for good at its first failure, for callers who keep several and replace the broken. */
export function oneConnection(address: Address, patience: number): Redis {
  return openClient(address, 'fail', {
    enableOfflineQueue: false,
    connectTimeout: patience,
    disconnectTimeout: 0.1 * SECOND,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
}

const starting = new WeakMap<Redis, Promise<void>>();

/**
 * Waits for the connection's first success or failure; later calls return at once. Needed because an impatient
 * connection refuses commands until it stands.
 * @throws StoreUnreachableError, AccessRefusedError, WrongServerError
 */
export async function established(connection: Redis, address: Address): Promise<void> {
  if (isUsable(connection)) return;
  const running = starting.get(connection) ?? establish(connection, address);
  starting.set(connection, running);
  try {
    await running;
  } finally {
    starting.delete(connection);
  }
}

/** One that is about to be opened again still calls itself ready until its old end has closed. */
const isUsable = ({ status, stream }: Redis): boolean => status === 'ready' && stream?.writable !== false;

async function establish(connection: Redis, address: Address): Promise<void> {
  try {
    await ready(connection, PATIENCE);
  } catch (error) {
    throw explainValkey(error, address);
  }
}

/** Waits until the connection stands, fails with the client's own error, or `patience` milliseconds are over. */
export async function ready(connection: Redis, patience: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let forget: () => void = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      let left = SLICES;
      timer = setInterval(() => {
        left -= 1;
        if (left === 0) reject(new Error(`no answer within ${patience} ms`));
      }, patience / SLICES);
      const ended = () => reject(new Error('Connection is closed'));
      // A refused password comes as an error event; a refused connection too, each with its reason.
      connection.once('ready', resolve).once('error', reject).once('end', ended);
      forget = () => connection.off('ready', resolve).off('error', reject).off('end', ended);
      if (connection.status === 'wait') connection.connect().catch(() => {});
    });
  } finally {
    clearInterval(timer);
    forget();
  }
}

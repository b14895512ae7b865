import type { Redis } from 'ioredis';
import type { Address } from '../config.ts';
import { AccessRefusedError } from '../errors.ts';
import { storeLocation } from '../store-address.ts';
import { primariesOf } from './cluster.ts';
import { ensureConnected, failFastConnection } from './connections.ts';
import { explainStore, type StoreKind } from './failures.ts';
import { groupKey, inNamespace, installationKey } from './keys.ts';

/** One of each command that we, or BullMQ and its scripts, send to Valkey, on the key `k`. */
const VALKEY_COMMANDS = `
PING; TIME; INFO server; ROLE; CLIENT LIST; SCAN 0; MEMORY USAGE k; EVAL return 1 k; EVALSHA 0 1 k
GET k; SET k x; MGET k; INCR k; INCRBY k 1; DEL k; UNLINK k; EXISTS k; TYPE k; RENAME k k; PERSIST k; PTTL k; PEXPIRE k 1; PEXPIREAT k 1
HGET k f; HSET k f x; HSETNX k f x; HMGET k f; HMSET k f x; HDEL k f; HGETALL k; HVALS k; HKEYS k; HLEN k; HEXISTS k f; HINCRBY k f 1
LLEN k; LPOS k x; LPUSH k x; RPUSH k x; LPOP k; RPOP k; RPOPLPUSH k k; LRANGE k 0 1; LREM k 0 x; LTRIM k 0 1; LINDEX k 0; LSET k 0 x
SADD k x; SREM k x; SCARD k; SMEMBERS k; SISMEMBER k x
ZADD k 1 x; ZREM k x; ZSCORE k x; ZRANGE k 0 1; ZREVRANGE k 0 1; ZRANGEBYSCORE k 0 1; ZREVRANGEBYSCORE k 1 0; ZRANGEBYLEX k - +; ZLEXCOUNT k - +
ZCARD k; ZCOUNT k 0 1; ZPOPMIN k; BZPOPMIN k 1; ZREMRANGEBYSCORE k 0 1; ZREMRANGEBYRANK k 0 1
XADD k * f x; XDEL k 0-1; XLEN k; XRANGE k - +; XREVRANGE k + -; XREAD STREAMS k 0; XTRIM k MAXLEN 1`;

const FALKORDB_COMMANDS = `
PING; TIME; INFO server; ROLE; SCAN 0; EXISTS k; RENAME k k; UNLINK k
GRAPH.QUERY k x; GRAPH.RO_QUERY k x; GRAPH.DELETE k`;

/** The kinds of keys in Valkey beside those of the queue (docs/storage.md). */
const KINDS = ['version', 'query', 'lease', 'fence', 'journal', 'chain', 'waiting', 'reading', 'memo', 'forgotten'];
const CHANNELS = ['lease', 'told', 'reading'];

/**
 * Checks that the server lets this user run everything that a worker runs, without running it: in a transaction a server refuses each
 * command as it would outside, and a discarded transaction changes nothing.
 * @param copies those of VALKEY_COPIES or FALKORDB_COPIES, which need more commands
 * @throws AccessRefusedError naming every command, key and channel that is missing; StoreUnreachableError, WrongServerError
 */
export async function checkRights(store: StoreKind, address: Address, queuePrefix: string, copies = 0): Promise<void> {
  const connection = inNamespace(failFastConnection(address), queuePrefix);
  try {
    await ensureConnected(connection, address);
    const nodes = await primariesOf(connection);
    const usual = store === 'Valkey' ? VALKEY_COMMANDS : FALKORDB_COMMANDS;
    const commands = copies > 0 ? `${usual}; ${store === 'Valkey' ? '' : 'SET k x; '}WAIT 0 1` : usual;
    const missing = await Promise.all(
      nodes.map((node) => missingRights(node, connection, commands, store, queuePrefix)),
    );
    const names = [...new Set(missing.flat())];
    if (names.length === 0) return;
    const user = address.username ? `its user "${address.username}"` : 'this user';
    throw new AccessRefusedError(
      `${store} at ${storeLocation(address)} does not let ${user} use ${names.join(', ')}; grant that (docs/configuration.md lists the rights).`,
    );
  } catch (error) {
    throw explainStore(error, store, address);
  } finally {
    connection.disconnect();
  }
}

/** @param client whose namespace the keys are in */
async function missingRights(
  node: Redis,
  client: Redis,
  commands: string,
  store: StoreKind,
  queuePrefix: string,
): Promise<string[]> {
  // A memory may have any graph name.
  const key = store === 'Valkey' ? `${queuePrefix}:rights` : 'rights';
  const keys = `keys ${key.replace(/rights$/, '*')}`;
  const probes: Probe[] = commands
    .trim()
    .split(/[;\n]/)
    .map((line) => ({
      words: line
        .trim()
        .split(' ')
        .map((word) => (word === 'k' ? key : word)),
      object: keys,
    }));
  if (store === 'Valkey') {
    for (const kind of KINDS)
      probes.push({
        words: ['DEL', groupKey(client, kind, 'rights')],
        object: `keys ${installationKey(client, kind)}:*`,
      });
    for (const kind of CHANNELS)
      probes.push({
        words: ['PUBLISH', groupKey(client, kind, 'rights'), 'x'],
        object: `channels ${installationKey(client, kind)}:*`,
      });
  }
  // Without MULTI the commands would run.
  await node.call('MULTI');
  const answers = await Promise.allSettled(probes.map(({ words: [name = '', ...args] }) => node.call(name, ...args)));
  await node.call('DISCARD');
  const missing = probes.flatMap(({ words, object }, index) => {
    const answer = answers[index];
    const refusal = answer?.status === 'rejected' ? (answer.reason as Error).message : '';
    if (!refusal.startsWith('NOPERM')) return [];
    return [/ command/.test(refusal) ? nameOf(words) : object];
  });
  return [...new Set(missing)];
}

/** A command, and a description of its keys or channel for the error message. */
interface Probe {
  readonly words: readonly string[];
  readonly object: string;
}

const nameOf = ([name = '', sub = '']: readonly string[]) =>
  /^(?:CLIENT|MEMORY)$/.test(name) ? `${name} ${sub}` : name;

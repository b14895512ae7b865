import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions, type SentinelIterator } from 'ioredis';
import type { Address } from '../config.ts';
import type { Endpoint } from '../store-address.ts';
import { SECOND } from '../time.ts';

/** The answer of a server that was demoted to a replica: to a write, to a command that was blocked at that moment, and to WAIT. */
const DEMOTED = /^(?:(?:ERR [^\n]*-)?(?:READONLY|UNBLOCKED|MASTERDOWN) |ERR WAIT cannot be used with replica)/;
/** For this time after a demoted server's refusal a switch of primaries is assumed to be in progress. */
const SWITCHES_WITHIN = 5 * SECOND;

/** How long a connection waits for a server, and how often it tries again; the members are those of ioredis. */
export type ConnectionTimeouts = Pick<
  RedisOptions,
  'enableOfflineQueue' | 'connectTimeout' | 'disconnectTimeout' | 'maxRetriesPerRequest' | 'socketTimeout'
> & {
  readonly retryStrategy: (attempt: number) => number | null;
  /** Milliseconds in which a cluster may move a key to another node before a command fails. */
  readonly failoverMs: number;
};

/** A healthy sentinel needs no longer, also over TLS. */
const LEAST_FOR_SENTINEL = 0.1 * SECOND;

/** Interval at which a command is sent again while its key's node is away. */
const RESENT_EVERY = 0.1 * SECOND;

/**
 * Opens all connections to both stores: to one server, to the primary that sentinels name, or to a cluster. When an address begins to lead to
 * another primary, as with a Kubernetes service, a connection to the old primary stays open indefinitely. It is closed and opened again as soon
 * as the demoted server refuses a command.
 * @param refused the treatment of that command: `resend` sends it again over the new connection
 */
export function openClient(address: Address, refused: 'fail' | 'resend', timeouts: ConnectionTimeouts): Redis {
  const { host, port, username, password, topology } = address;
  const { failoverMs: _, retryStrategy, ...waits } = timeouts;
  const tls = tlsOptions(address);
  const options: RedisOptions = {
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(tls ? { tls } : {}),
    ...waits,
  };
  if (topology?.kind === 'cluster') return openCluster(topology.nodes, options, timeouts);
  const place: RedisOptions =
    topology === undefined
      ? { host, port }
      : {
          sentinels: sentinelsInOrder(topology.nodes),
          name: topology.name,
          ...(topology.username ? { sentinelUsername: topology.username } : {}),
          ...(topology.password ? { sentinelPassword: topology.password } : {}),
          ...(tls ? { sentinelTLS: tls, enableTLSForSentinelMode: true } : {}),
          // Within the caller's timeouts all sentinels are asked, of which some may be frozen, and then the primary.
          sentinelCommandTimeout: Math.max(
            (timeouts.connectTimeout ?? 4 * SECOND) / (topology.nodes.length + 1),
            LEAST_FOR_SENTINEL,
          ),
          sentinelRetryStrategy: retryStrategy,
        };
  const client = new Redis({
    ...options,
    ...place,
    retryStrategy,
    reconnectOnError: refused === 'resend' ? resendWhileSwitching() : isDemotion,
  });
  // Each command reports its own failure; without a listener ioredis would print every one.
  client.on('error', () => {});
  reconnectOnce(client);
  if (topology) beginWithAnswering(client, topology.nodes);
  return client;
}

/** By the list in the settings: the sentinel that answered last. */
const answeredLast = new WeakMap<readonly Endpoint[], Endpoint>();

function sentinelsInOrder(nodes: readonly Endpoint[]): Endpoint[] {
  const first = answeredLast.get(nodes);
  const others = nodes.filter(({ host, port }) => host !== first?.host || port !== first.port);
  return (first ? [first, ...others] : others).map(({ host, port }) => ({ host, port }));
}

/** The next connection asks the sentinel first that named the primary of this one. ioredis would begin with the one after it. */
function beginWithAnswering(client: Redis, nodes: readonly Endpoint[]): void {
  const { sentinelIterator } = (client as unknown as { connector: { sentinelIterator: SentinelIterator } }).connector;
  client.on('connect', () => {
    sentinelIterator.reset(true);
    const { value } = sentinelIterator.next();
    sentinelIterator.reset(false);
    if (value?.host && value.port) answeredLast.set(nodes, { host: value.host, port: value.port });
  });
}

/** Many commands may be refused by one demoted server. For each, ioredis would end the same socket again, with one more listener and timer. */
function reconnectOnce(client: Redis): void {
  const disconnect = client.disconnect.bind(client);
  let ended: Redis['stream'] | undefined;
  client.disconnect = (reconnect = false) => {
    if (reconnect && client.stream && client.stream === ended) return;
    ended = client.stream;
    disconnect(reconnect);
  };
}

/**
 * A cluster's client has the commands of a connection, and sends each to the node of its key. What differs is in `cluster.ts`; therefore the
 * rest of the program sees a connection.
 */
function openCluster(
  nodes: readonly Endpoint[],
  options: RedisOptions,
  { retryStrategy, failoverMs }: ConnectionTimeouts,
): Redis {
  const { enableOfflineQueue = true, ...redisOptions } = options;
  const cluster = new Cluster(
    nodes.map(({ host, port }) => ({ host, port })),
    {
      lazyConnect: true,
      enableOfflineQueue,
      // Otherwise the reason of a cluster that is down would be lost.
      enableReadyCheck: false,
      clusterRetryStrategy: retryStrategy,
      // Within the caller's timeouts another node is asked if the first one is frozen.
      slotsRefreshTimeout: (options.connectTimeout ?? 4 * SECOND) / 2,
      retryDelayOnFailover: RESENT_EVERY,
      retryDelayOnClusterDown: RESENT_EVERY,
      retryDelayOnTryAgain: RESENT_EVERY,
      maxRedirections: Math.ceil(failoverMs / RESENT_EVERY),
      // A certificate is for a name, not for the address that it leads to.
      ...(options.tls
        ? { dnsLookup: (name: string, found: (error: null, address: string) => void) => found(null, name) }
        : {}),
      redisOptions,
    },
  );
  cluster.on('error', () => {});
  return cluster as unknown as Redis;
}

function tlsOptions({ tls, certificates = {} }: Address): ConnectionOptions | undefined {
  if (!tls) return undefined;
  const given = Object.entries(certificates).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** True if a failure says that the server has become a replica. */
export function isDemotion(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && DEMOTED.test(error.message);
}

/** With the answer 2 ioredis sends the refused command again. A refused command had no effect, even if it was a script. */
function resendWhileSwitching(): (error: Error) => false | 1 | 2 {
  const since = new WeakMap<object, number>();
  return (error) => {
    if (!isDemotion(error)) return false;
    const { args } = (error as { command?: { args: object } }).command ?? {};
    if (!args) return 1;
    const first = since.get(args) ?? performance.now();
    since.set(args, first);
    // An address that keeps leading to a replica must be reported.
    return performance.now() - first < SWITCHES_WITHIN ? 2 : 1;
  };
}

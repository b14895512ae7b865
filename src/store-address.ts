import { readFileSync } from 'node:fs';
import { ConfigError } from './errors.ts';

/** Where one server listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** How several servers form one store. */
export type Topology =
  | {
      readonly kind: 'sentinel';
      /** The sentinels; the servers' addresses are asked of them. */
      readonly nodes: readonly Endpoint[];
      /** The name under which the sentinels watch the primary. */
      readonly name: string;
      /** User and password of the sentinels themselves. */
      readonly username?: string | undefined;
      readonly password?: string | undefined;
    }
  | {
      readonly kind: 'cluster';
      /** Some nodes of the cluster; they name the others. */
      readonly nodes: readonly Endpoint[];
    };

/** For TLS with an own authority, as texts in PEM. */
export interface Certificates {
  readonly ca?: string | undefined;
  /** The client's certificate and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name in the server's certificate, if it differs from the address. */
  readonly servername?: string | undefined;
}

/** Where a store is: one server, the servers behind sentinels, or a cluster. */
export interface Address extends Endpoint {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls: boolean;
  readonly certificates?: Certificates | undefined;
  /** Default: one server, at host and port. Otherwise host and port are those of the first node. */
  readonly topology?: Topology | undefined;
}

const DEFAULT_PORTS = { single: 6379, sentinel: 26379, cluster: 6379 } as const;
const URL_PARTS =
  /^(redis|rediss|valkey|valkeys)(?:\+(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#]+)(?:\/([^/?#]*))?$/i;
const ENDPOINT = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\],/@]+))(?::(\d{1,5}))?$/;

/** What a URL of a store says. */
export interface StoreUrl {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly nodes: readonly Endpoint[];
  readonly tls: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly sentinelName?: string | undefined;
}

/** `redis://host:6379`, `rediss+sentinel://user:password@one:26379,two:26379/name` and the like; undefined for any other text. */
export function parseStoreUrl(text: string): StoreUrl | undefined {
  const [, scheme = '', given, user, password, hosts, path] = URL_PARTS.exec(text) ?? [];
  if (hosts === undefined) return undefined;
  const kind = (given?.toLowerCase() ?? 'single') as StoreUrl['kind'];
  const nodes = parseEndpoints(hosts, DEFAULT_PORTS[kind]);
  if (!nodes || (kind === 'single' && nodes.length > 1)) return undefined;
  // A path names a database, of which a cluster has one and we use the first, or what the sentinels watch.
  if (kind !== 'sentinel' && path && path !== '0') return undefined;
  try {
    const decoded = (part: string | undefined) => (part ? decodeURIComponent(part) : undefined);
    return {
      ...{ kind, nodes, tls: /^(rediss|valkeys)$/i.test(scheme) },
      ...{ username: decoded(user), password: decoded(password) },
      sentinelName: kind === 'sentinel' ? decoded(path) : undefined,
    };
  } catch {
    return undefined;
  }
}

/** `one:7000,two:7000`; undefined for any other text. @param port of those that name none; undefined: each must */
export function parseEndpoints(text: string, port?: number): readonly Endpoint[] | undefined {
  const nodes = text.split(',').map((part) => {
    const [, ipv6, host = ipv6, given = port] = ENDPOINT.exec(part.trim()) ?? [];
    return { host: host ?? '', port: Number(given) };
  });
  return nodes.every((node) => node.host !== '' && node.port >= 1 && node.port <= 65_535) ? nodes : undefined;
}

/** The settings of one store; the first two are undefined if they are not set. */
export interface AddressSettings {
  readonly url: StoreUrl | undefined;
  readonly nodes: readonly Endpoint[] | undefined;
  readonly sentinel: Readonly<Record<'name' | 'username' | 'password', string | undefined>>;
  readonly host: string;
  readonly port: number;
  /** The first of HOST and PORT that the environment sets; undefined: neither. */
  readonly explicitPlace: 'HOST' | 'PORT' | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
  /** Paths of files. */
  readonly files: Readonly<Record<'CA' | 'CERT' | 'KEY', string | undefined>>;
  readonly servername: string | undefined;
}

/** @throws ConfigError for settings that contradict each other, and for files that cannot be read */
export function readAddress(store: 'FALKORDB' | 'VALKEY', given: AddressSettings): Address {
  const { url } = given;
  // Platforms set names like VALKEY_URL for other programs, so that neither setting may win silently.
  const places = [url && 'URL', given.nodes && 'NODES', (url || given.nodes) && given.explicitPlace].filter(Boolean);
  if (places.length > 1)
    throw new ConfigError(`${store}_${places[0]} and ${store}_${places[1]} are both set; set one of them.`);
  const topology = readTopology(store, given);
  const certificates = readCertificates(store, given);
  const [first = { host: given.host, port: given.port }] = topology?.nodes ?? url?.nodes ?? [];
  return {
    ...first,
    username: url?.username ?? given.username,
    password: url?.password ?? given.password,
    tls: given.tls || url?.tls === true || certificates !== undefined,
    ...(certificates && { certificates }),
    ...(topology && { topology }),
  };
}

function readTopology(store: 'FALKORDB' | 'VALKEY', { url, nodes, sentinel }: AddressSettings): Topology | undefined {
  const name = url?.sentinelName ?? sentinel.name;
  const kind = url?.kind ?? (nodes ? (name ? 'sentinel' : 'cluster') : 'single');
  if (sentinel.name && kind !== 'sentinel')
    throw new ConfigError(
      `${store}_SENTINEL_NAME is set, but not where the sentinels are; set ${store}_NODES to them.`,
    );
  if (kind === 'single') return undefined;
  const given = url?.nodes ?? nodes ?? [];
  if (kind === 'sentinel') {
    if (name) return { ...sentinel, kind, nodes: given, name };
    throw new ConfigError(
      `${store}_URL names sentinels, but not what they watch; write it like redis+sentinel://host:26379/name, or set ${store}_SENTINEL_NAME.`,
    );
  }
  return { kind, nodes: given };
}

/** Checks what the parts of an address, from the settings or from a program, must have in common. @throws ConfigError */
export function checkAddress(store: 'FALKORDB' | 'VALKEY', { topology, certificates }: Address): void {
  if (store === 'FALKORDB' && topology?.kind === 'cluster')
    throw new ConfigError(
      'FalkorDB is used as one server or behind sentinels, not as a cluster; set FALKORDB_SENTINEL_NAME too, or FALKORDB_HOST and FALKORDB_PORT instead.',
    );
  checkPair(store, certificates?.cert, certificates?.key);
}

function checkPair(store: string, cert: string | undefined, key: string | undefined): void {
  if (!cert !== !key)
    throw new ConfigError(
      `${store}_TLS_CERT and ${store}_TLS_KEY belong together: the client's certificate and its key.`,
    );
}

function readCertificates(store: string, { files, servername }: AddressSettings): Certificates | undefined {
  checkPair(store, files.CERT, files.KEY);
  const [ca, cert, key] = (['CA', 'CERT', 'KEY'] as const).map((name) => {
    const path = files[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
      throw new ConfigError(`${store}_TLS_${name} is "${path}", which cannot be read (${reason}).`, { cause: error });
    }
  });
  return ca || cert || servername ? { ca, cert, key, servername } : undefined;
}

const written = ({ host, port }: Endpoint): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** A store's place in a sentence: `localhost:6380`, `"main" of the sentinels one:26379, two:26379` or `the cluster one:7000, two:7000`. */
export function storeLocation({ host, port, topology }: Address): string {
  if (!topology) return `${host}:${port}`;
  const nodes = topology.nodes.map(written).join(', ');
  return topology.kind === 'sentinel' ? `"${topology.name}" of the sentinels ${nodes}` : `the cluster ${nodes}`;
}

/** The settings that decide a store's place, for a sentence. */
export function locationSettings(store: 'Valkey' | 'FalkorDB', { topology }: Address): string {
  const name = store.toUpperCase();
  if (!topology) return `${name}_HOST and ${name}_PORT`;
  return topology.kind === 'sentinel' ? `${name}_NODES and ${name}_SENTINEL_NAME` : `${name}_NODES`;
}

import { ConfigError } from '../errors.ts';
import { HOST } from './port.ts';
import type { Address } from './server.ts';

const FALKORDB_PORT = 6379;
const VALKEY_PORT = 6380;

/** The two servers of one memory. */
export interface Addresses {
  valkey: Address;
  falkordb: Address;
}

/**
 * The servers that the environment names, by FALKORDB_HOST, FALKORDB_PORT (6379), VALKEY_HOST and VALKEY_PORT (6380);
 * undefined when it names none. Hosts default to 127.0.0.1.
 * @throws ConfigError when it names one server and not the other, or a port is no port
 */
export function addressesFrom(env: NodeJS.ProcessEnv): Addresses | undefined {
  const namesFalkorDB = Boolean(env.FALKORDB_HOST || env.FALKORDB_PORT);
  const namesValkey = Boolean(env.VALKEY_HOST || env.VALKEY_PORT);
  if (!namesFalkorDB && !namesValkey) return undefined;
  if (!namesValkey) throw halfNamed('FALKORDB', 'VALKEY');
  if (!namesFalkorDB) throw halfNamed('VALKEY', 'FALKORDB');
  return {
    valkey: { host: env.VALKEY_HOST || HOST, port: portFrom(env, 'VALKEY_PORT', VALKEY_PORT) },
    falkordb: { host: env.FALKORDB_HOST || HOST, port: portFrom(env, 'FALKORDB_PORT', FALKORDB_PORT) },
  };
}

function halfNamed(named: string, other: string): ConfigError {
  return new ConfigError(
    `${named}_HOST or ${named}_PORT is set, but neither ${other}_HOST nor ${other}_PORT: set both servers or none.`,
  );
}

function portFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name];
  if (!text) return otherwise;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new ConfigError(`${name} is "${text}", which is not a port from 1 to 65535.`);
}

import { readlinkSync } from 'node:fs';
import * as z from 'zod/mini';
import { homeFolder, runningFile, serverLink } from './home.ts';
import { readJsonFile } from './json.ts';
import { assertPrivateHome } from './private-home.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Noted = Readonly<Record<string, string>>;

const noteShape = z.object({ settings: z.record(z.string(), z.string()) });

/**
 * The settings that running `up`s recorded, by name. If the environment names a server by host or port, only the settings of that server
 * count (its password, and the journal key for Valkey), from the home of the `up` that runs it.
 * @param fallback the default of a setting
 * @throws ConfigError if other users can write to the home
 */
export function savedSettings(
  environment: Environment,
  fallback: (name: string) => string | undefined,
): (name: string) => string | undefined {
  const home = homeFolder(environment);
  assertPrivateHome(home);
  const noted = readRunningFile(home);
  const byStore = Object.fromEntries(
    ['FALKORDB', 'VALKEY'].map((store): [string, Noted] => {
      // `up` starts single servers, so these name another store.
      if (environment[`${store}_URL`] || environment[`${store}_NODES`]) return [store, {}];
      const [hostName, portName] = [`${store}_HOST`, `${store}_PORT`];
      if (!environment[hostName] && !environment[portName]) return [store, noted];
      const address = [environment[hostName] || fallback(hostName), environment[portName] || fallback(portName)];
      const isNoted = (note: Noted) =>
        address.map(normalizeLocalhost).join() === [note[hostName], note[portName]].join();
      if (isNoted(noted)) return [store, noted];
      const found = noteOfServer(address[1] ?? '', environment);
      const secrets = Object.entries(found).filter(([name]) => SECRETS.has(name) && storeOf(name) === store);
      return [store, isNoted(found) ? Object.fromEntries(secrets) : {}];
    }),
  );
  return (name) => (byStore[storeOf(name)] ?? noted)[name];
}

/** Where this home's running `up` has a store; undefined where it has none. */
export function runningAddress(environment: Environment, store: string): Noted | undefined {
  const noted = readRunningFile(homeFolder(environment));
  const [host, port] = [noted[`${store}_HOST`], noted[`${store}_PORT`]];
  return host && port ? { host, port } : undefined;
}

const SECRETS = new Set(['FALKORDB_PASSWORD', 'VALKEY_PASSWORD', 'MEMORY_JOURNAL_KEY']);

/** Each Valkey has its own journal key. */
const storeOf = (name: string): string => (name === 'MEMORY_JOURNAL_KEY' ? 'VALKEY' : (name.split('_')[0] ?? ''));

export const normalizeLocalhost = (name: string | undefined): string =>
  name === 'localhost' ? '127.0.0.1' : (name ?? '');

/** The note of another home of this user, found by a port of its servers. */
function noteOfServer(port: string, environment: Environment): Noted {
  try {
    const home = readlinkSync(serverLink(environment, port));
    assertPrivateHome(home);
    return readRunningFile(home);
  } catch {
    return {};
  }
}

/** Empty if nothing was started or the file is unreadable; then only the environment and the defaults count. */
const readRunningFile = (home: string): Noted => readJsonFile(runningFile(home), noteShape)?.settings ?? {};

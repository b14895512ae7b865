import http from 'node:http';
import { ConfigError } from '../../errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const NAMES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'] as const;
/** Servers on this machine, such as Ollama, are never behind the proxy. */
const HERE = ['localhost', '127.0.0.1', '[::1]', '::1'];

/**
 * Sends the HTTP requests of this process through the proxy that the environment names. Node does this on its own only when
 * NODE_USE_ENV_PROXY was set at its start.
 * @throws ConfigError when the address cannot be used
 */
export function useProxy(environment: Environment): void {
  if (environment.NODE_USE_ENV_PROXY || typeof http.setGlobalProxyFromEnv !== 'function') return;
  const named = Object.fromEntries(NAMES.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
  const without = [environment.no_proxy || environment.NO_PROXY, ...HERE].filter(Boolean).join(',');
  try {
    http.setGlobalProxyFromEnv({ ...named, NO_PROXY: without, no_proxy: without });
  } catch (error) {
    throw new ConfigError(
      `${Object.keys(named).join(' or ')} is not the address of a proxy; write it like http://proxy.example:3128.`,
      { cause: error },
    );
  }
}

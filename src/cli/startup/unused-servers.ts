import type { Config, Environment } from '../../config.ts';
import { normalizeLocalhost, runningAddress } from '../../running-settings.ts';
import { storeLocation } from '../../store-address.ts';

/**
 * Sentences about servers of this home's running `up` that are not used because a URL or nodes in the environment name others. Platforms set
 * names like VALKEY_URL for other programs.
 */
export function unusedServers(environment: Environment, { valkey, falkordb }: Config): string[] {
  const stores = [
    ['Valkey', valkey],
    ['FalkorDB', falkordb],
  ] as const;
  return stores.flatMap(([store, used]) => {
    const name = store.toUpperCase();
    const variable = [`${name}_URL`, `${name}_NODES`].find((each) => environment[each]);
    const running = runningAddress(environment, name);
    if (!variable || !running) return [];
    const { host, port } = running;
    if (!used.topology && normalizeLocalhost(used.host) === host && String(used.port) === port) return [];
    return [
      `${variable} leads to ${storeLocation(used)}, so the ${store} of \`memory-manager up\` at ${host}:${port} is not used; unset ${variable} to use it.`,
    ];
  });
}

import { join } from 'node:path';
import { HOST } from './port.ts';

/** What the configuration file of one server says. */
export interface Configuration {
  port: number;
  dataFolder: string;
  appendfsync: 'everysec' | 'always';
  password?: string;
  /** Path of `falkordb.so`; none makes a plain server. */
  module?: string;
}

/** Where a running server keeps its process id, inside its data folder. */
export const PID_FILE = 'server.pid';

/**
 * The server's configuration file. The append-only file is the one record of the data: no snapshots, since losses around
 * them are known of FalkorDB, and nothing is evicted. FalkorDB's own defaults set no limit on a query's time.
 */
export function configurationText(configuration: Configuration): string {
  const { port, dataFolder, appendfsync, password, module } = configuration;
  const lines = [
    ['bind', HOST],
    ['port', String(port)],
    ['protected-mode', 'yes'],
    ['daemonize', 'no'],
    ['dir', dataFolder],
    ['pidfile', join(dataFolder, PID_FILE)],
    ['appendonly', 'yes'],
    ['appendfsync', appendfsync],
    ['save', ''],
    ['maxmemory-policy', 'noeviction'],
  ];
  if (password !== undefined) lines.push(['requirepass', password]);
  // FalkorDB would keep the texts of the last queries in a stream, also of what was forgotten since.
  if (module !== undefined) lines.push(['loadmodule', module, 'CMD_INFO', 'no']);
  return lines.map(([name, ...values]) => `${name} ${values.map((it) => JSON.stringify(it)).join(' ')}\n`).join('');
}

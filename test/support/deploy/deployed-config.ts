import { join } from 'node:path';
import { type Address, type Config, loadConfig } from '../../../src/config.ts';
import { newGroup } from '../stores.ts';

type Place = Address | { readonly host: string; readonly port: number };

const toAddress = (place: Place): Address =>
  'tls' in place ? place : { host: place.host, port: place.port, tls: false };

/** A new group on deployed stores; its archives and its spool are in `folder`. */
export function deployedConfig(folder: string, valkey: Place, falkordb: Place): Config {
  return {
    ...loadConfig({}),
    valkey: toAddress(valkey),
    falkordb: toAddress(falkordb),
    models: 'local',
    nightly: undefined,
    group: newGroup(),
    exportDir: join(folder, 'exports'),
    home: join(folder, 'home'),
    health: { host: '127.0.0.1', port: 0 },
  };
}

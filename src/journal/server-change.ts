import type { Redis } from 'ioredis';
import { installationKey } from '../valkey/keys.ts';

/*
 * A FalkorDB that was restarted has a new run id, and one that took over from a primary a new replication id. Either may lack the last changes of
 * any graph. Valkey keeps the identity of the server with which all graphs were compared last.
 */

const serverKey = (valkey: Redis): string => installationKey(valkey, 'journal:server');

/** The identity of the FalkorDB whose graphs were all compared with the journal; null for none. */
export const readCheckedServer = (valkey: Redis): Promise<string | null> => valkey.get(serverKey(valkey));

export async function recordCheckedServer(valkey: Redis, identity: string): Promise<void> {
  await valkey.set(serverKey(valkey), identity);
}

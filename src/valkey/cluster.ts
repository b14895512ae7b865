import type { ChainableCommander, Cluster, Redis } from 'ioredis';

/*
 * What differs in a cluster. Commands with a key go to the node of the key, and all keys of a group, or of the queues, are on one node. A command
 * without a key goes to any node, and a pipeline may have the keys of one node only.
 */

/** The connections to all primaries of a cluster; of one server the connection itself. */
export async function primariesOf(valkey: Redis): Promise<readonly Redis[]> {
  if (!valkey.isCluster) return [valkey];
  // Before its first answer the client knows only the nodes that the settings name.
  await valkey.ping();
  return (valkey as unknown as Cluster).nodes('master');
}

/** Calls `add` for each entry, in one pipeline or, in a cluster, in one for each group, and sends them. */
export async function inPipelines<T>(
  valkey: Redis,
  entries: readonly T[],
  keyOf: (entry: T) => string,
  add: (calls: ChainableCommander, entry: T) => void,
): Promise<void> {
  const parts = valkey.isCluster ? [...Map.groupBy(entries, (entry) => slotTag(keyOf(entry))).values()] : [entries];
  await Promise.all(
    parts.map(async (part) => {
      const calls = valkey.pipeline();
      for (const entry of part) add(calls, entry);
      await calls.exec();
    }),
  );
}

/** The part of a key that decides its node. */
const slotTag = (key: string): string => /\{([^}]+)\}/.exec(key)?.[1] ?? key;

/** The keys that match, in parts, from all primaries. SCAN may give a key more than once. */
export async function* scanKeys(valkey: Redis, pattern: string): AsyncGenerator<string[]> {
  for (const node of await primariesOf(valkey)) {
    let cursor = '0';
    do {
      const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
      if (keys.length > 0) yield keys;
      cursor = next;
    } while (cursor !== '0');
  }
}

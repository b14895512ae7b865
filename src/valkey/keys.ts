import type { Redis } from 'ioredis';
import { SETTINGS } from '../settings.ts';

const namespaces = new WeakMap<Redis, string>();

/**
 * Lets the keys that `groupKey` makes for a connection be those of one installation: several that share a Valkey differ in the prefix
 * of their queues, and each has graphs of its own. Keys of the default prefix are those of the first release, without a namespace.
 */
export function inNamespace(valkey: Redis, queuePrefix: string): Redis {
  // Without braces: what stands between the first two decides about the node of a cluster, and is to be the group.
  const readable = queuePrefix.replaceAll('{', '(').replaceAll('}', ')');
  if (queuePrefix !== SETTINGS.MEMORY_QUEUE_PREFIX.fallback) namespaces.set(valkey, `${readable}:`);
  return valkey;
}

/** The key, or the channel, of a kind that belongs to a group; the braces keep all keys of a group on one node of a cluster. */
export function groupKey(valkey: Redis, kind: string, group: string): string {
  return ownKey(valkey, earlierKey(kind, group));
}

/** The same key under the name that it had up to release 40525d1, whatever the prefix of the queues. */
export const earlierKey = (kind: string, group: string): string => `${kind}:{${group}}`;

/** A key that belongs to the installation and no group. */
export function ownKey(valkey: Redis, name: string): string {
  return `${namespaces.get(valkey) ?? ''}${name}`;
}

import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { SETTINGS } from '../settings.ts';

const namespaces = new WeakMap<Redis, string>();

/**
 * Puts the keys that `groupKey` makes for a connection into the namespace of one installation. Installations that share a Valkey have
 * different queue prefixes and different graphs. Keys of the default prefix have no namespace, as in the first release.
 */
export function inNamespace(valkey: Redis, queuePrefix: string): Redis {
  // Without braces: the text between the first two decides the node of a cluster, and must be the group.
  const readable = queuePrefix.replaceAll('{', '(').replaceAll('}', ')');
  if (queuePrefix !== SETTINGS.MEMORY_QUEUE_PREFIX.fallback) namespaces.set(valkey, `${readable}:`);
  return valkey;
}

/** The key, or the channel, of a kind that belongs to a group; the braces keep all keys of a group on one node of a cluster. */
export function groupKey(valkey: Redis, kind: string, group: string): string {
  return installationKey(valkey, unprefixedGroupKey(kind, group));
}

/** The key as releases up to 40525d1 named it, without the prefix of the queues. */
export const unprefixedGroupKey = (kind: string, group: string): string => `${kind}:{${group}}`;

/** A key that belongs to the installation, not to a group. */
export function installationKey(valkey: Redis, name: string): string {
  return `${namespaces.get(valkey) ?? ''}${name}`;
}

export const versionKey = (valkey: Redis, group: string): string => groupKey(valkey, 'version', group);

/**
 * Gives the group a version that it never had before, so that every cached answer of the group becomes invalid.
 * The version is random and not a counter, so that a Valkey that lost its data cannot return to an old version.
 */
export async function replaceVersion(valkey: Redis, group: string): Promise<void> {
  await valkey.set(versionKey(valkey, group), newVersion());
}

export const newVersion = (): string => randomUUID();

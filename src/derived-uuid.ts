import { createHash } from 'node:crypto';

/** A uuid that depends on the parts only, so that repeated work gives the same uuids (RFC 9562, version 8). */
export function derivedUuid(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * The namespace of our keys in version 5 uuids. Chosen once at random; it must not change, because the same keys would get different uuids.
 */
const KEYS = '8c1f4f0e-5b0a-4c0c-9d7e-3a6b2f51d2a7';

/**
 * The uuid of an episode that a caller names by a key within a group: version 5 of the text `group/key`. No group has a slash in its name, so
 * no two pairs make the same text.
 */
export const idempotencyUuid = (group: string, key: string): string => namedUuid(KEYS, `${group}/${key}`);

/** RFC 9562, version 5. */
export function namedUuid(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** True for a uuid that was made of a name, as `idempotencyUuid` does. */
export const isIdempotencyUuid = (uuid: string): boolean => uuid[14] === '5';

import { createHash } from 'node:crypto';

/** Equal for previews of the same change to the same contents. @param seen values that JSON can hold, in a fixed order */
export const fingerprintOf = (seen: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(seen)).digest('base64url');

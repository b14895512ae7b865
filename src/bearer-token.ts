import { timingSafeEqual } from 'node:crypto';

/** Whether an `Authorization` header contains the token; takes the same time for every wrong token. */
export function hasBearerToken(header: string | undefined, token: string): boolean {
  const sent = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';
  const [actual, expected] = [Buffer.from(sent), Buffer.from(token)];
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

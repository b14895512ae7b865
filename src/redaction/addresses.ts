import { endOfRun, replaceMatches } from './linear-scan.ts';
import { ALREADY_MASKED } from './secret-values.ts';

type Hide = (kind: string, secret: string) => string;

const SCHEME = /(?<![A-Za-z0-9+.-])([a-z][a-z0-9+.:-]{1,30}):\/\//gi;
const ADDRESS = /[^\s"'`<>]*/y;
/** Maximum characters without a slash between a user and a host. */
const LONGEST = 300;
const DATABASES =
  /^(?:jdbc:.*|postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|valkeys?|amqps?|mssql|sqlserver|clickhouse|cockroachdb|ldaps?|smtps?|kafka|nats|neo4j|bolt)(?:\+.*)?$/i;
export const ADDRESS_PATTERNS = [SCHEME, ADDRESS, DATABASES];

/** Removes passwords from `scheme://user:password@host`, and tokens in place of the user. */
export function withoutAddresses(text: string, hide: Hide): string {
  // Adjacent addresses are one run, which is read once.
  let [end, lastAt] = [0, -1];
  return replaceMatches(text, SCHEME, ({ 0: whole, 1: scheme = '', index }) => {
    const from = index + whole.length;
    if (from > end) {
      end = endOfRun(ADDRESS, text, from);
      lastAt = from + text.slice(from, end).lastIndexOf('@');
    }
    if (lastAt < from) return undefined;
    const head = text.slice(from, Math.min(end, from + LONGEST));
    if (ALREADY_MASKED.test(head)) return undefined;
    const slash = head.search(/\/|(?<=:\d{1,5})[?#]/);
    // A database's password may contain slashes.
    const at = DATABASES.test(scheme) ? lastAt - from : (slash < 0 ? head : head.slice(0, slash)).lastIndexOf('@');
    if (at < 0) return undefined;
    const colon = head.slice(0, at).search(/[:/]/);
    if (colon >= 0 && head[colon] === ':' && at > colon + 1) {
      const secret = text.slice(from + colon + 1, from + at);
      return ALREADY_MASKED.test(secret) || /^\$[\w{]|^\{\{|^<\w/.test(secret)
        ? undefined
        : { from: from + colon + 1, to: from + at, put: hide('password', secret) };
    }
    const user = head.slice(0, at);
    if (colon < 0 && /^[\w~-]{16,}$/.test(user) && /\d/.test(user))
      return { from, to: from + at, put: hide('credentials', user) };
    return undefined;
  });
}

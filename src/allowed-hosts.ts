import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Why a request is refused; undefined if it is allowed. Protects against DNS rebinding, where a web page's own host name points at this
 * machine: `Host` must be localhost, an IP address or an allowed name, and `Origin` must be a page of this machine or of an allowed name.
 * @param allowed names in lower case, without ports
 */
export function hostRefusal(
  { host, origin }: Pick<IncomingHttpHeaders, 'host' | 'origin'>,
  allowed: readonly string[],
): string | undefined {
  const named = host === undefined ? 'localhost' : hostnameOf(`http://${host}`);
  if (named === undefined || !(isLocal(named) || isAddress(named) || allowed.includes(named)))
    return `The host "${shown(host)}" is not allowed here; add its name to MEMORY_ALLOWED_HOSTS where the server runs.`;
  if (origin === undefined) return undefined;
  const page = hostnameOf(origin);
  if (page !== undefined && (isLocal(page) || allowed.includes(page))) return undefined;
  return `Pages of "${shown(origin)}" are not allowed here; add its host to MEMORY_ALLOWED_HOSTS where the server runs.`;
}

const isAddress = (name: string): boolean => isIP(name.replace(/^\[|\]$/g, '')) !== 0;
const isLocal = (name: string): boolean => name === 'localhost' || name === '127.0.0.1' || name === '[::1]';
const hostnameOf = (url: string): string | undefined => URL.parse(url)?.hostname.replace(/\.$/, '') || undefined;
const shown = (text: string | undefined): string => (text ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 100);

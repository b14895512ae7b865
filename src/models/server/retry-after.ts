import { HOUR, SECOND } from '../../time.ts';

/** Longer waits come from wrong clocks. */
const LONGEST = HOUR;

/**
 * Milliseconds that a server asks to wait: `retry-after-ms`, or else `retry-after` in seconds or as a date (RFC 9110, 10.2.3).
 * Null when it names none.
 */
export function retryAfter(headers: Headers | undefined, now = Date.now()): number | null {
  const milliseconds = number(headers?.get('retry-after-ms'));
  if (milliseconds !== null) return clamped(milliseconds);
  const header = headers?.get('retry-after');
  const seconds = number(header);
  if (seconds !== null) return clamped(seconds * SECOND);
  const date = Date.parse(header ?? '');
  return Number.isNaN(date) ? null : clamped(date - now);
}

function number(text: string | null | undefined): number | null {
  return text && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : null;
}

const clamped = (wait: number) => Math.ceil(Math.min(Math.max(wait, 0), LONGEST));

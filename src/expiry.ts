import { parseDuration } from './duration.ts';
import { InvalidInputError } from './errors.ts';
import type { ExpiryRule } from './settings.ts';
import { fromGraphTime, isStorableDate, parseTime } from './time.ts';

/** The member of an episode's metadata that holds its expiry, as an ISO time. */
export const EXPIRY_METADATA_KEY = 'memory_expires';

/** The instant that an ISO date or a duration from now names. @throws InvalidInputError naming `what` */
export function parseExpiry(text: string, what: string, now = new Date()): Date {
  const duration = parseDuration(text);
  if (duration !== undefined) return new Date(now.getTime() + duration);
  try {
    return parseTime(text, what);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidInputError(`${error.message.replace(/\.$/, '')}, or a duration like 12h, 90d or 4w.`, {
      cause: error,
    });
  }
}

/** @throws InvalidInputError unless it is a time after `now` */
export function checkExpiry(expires: Date, now: Date): Date {
  if (!isStorableDate(expires)) throw new InvalidInputError('The expiry is not a date; give one, such as 2027-01-01.');
  if (expires > now) return expires;
  throw new InvalidInputError('The expiry is not in the future, so nothing would be stored.');
}

interface ExpiringEpisode {
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly sourceDescription: string;
  readonly createdAt: Date;
}

/** When an episode expires: its own expiry, else the earliest that a rule gives; null for never. */
export function expiryOf(
  { metadata, sourceDescription, createdAt }: ExpiringEpisode,
  rules: readonly ExpiryRule[],
): Date | null {
  const own = metadata?.[EXPIRY_METADATA_KEY];
  const given = typeof own === 'string' ? fromGraphTime(own) : null;
  if (given) return given;
  const matching = rules.filter(({ by, name }) => name === (by === 'source' ? sourceDescription : metadata?.kind));
  if (matching.length === 0) return null;
  return new Date(createdAt.getTime() + Math.min(...matching.map(({ afterMs }) => afterMs)));
}

/*
 * Adverbials that say since when or how long a sentence holds. They may stand at the beginning, in the middle or at the end, and say nothing
 * about what holds: "Since March Ben leads the team" and "Ben leads the team now" state the same. Dates are single words (`@2026-05-12`).
 */

const DATE = '@\\d{4}-\\d\\d-\\d\\d';
const VERSION = '(?:version |release |v)?\\d+(?:\\.\\d+)*';
const SINCE = '(?:since|as of|starting|beginning|effective|with effect from|from)';
const NOW =
  '(?<!\\b(?:until|till|by|before|for|to) )(?:right now|now(?! and (?:then|again)\\b)|nowadays|these days|currently|at present|presently|from now on(?:wards?)?|henceforth|going forward)';
/** "from 3 May", but not "from 3 May to 9 May". */
const FROM_DAY = `${SINCE} (?:on |in |from |with )?(?:${DATE})(?! (?:to|until|till|and) )(?: on(?:wards?)?\\b(?! ))?`;
const FROM_DAY_FRONT = `${SINCE} (?:on |in |from |with )?(?:${DATE})(?! (?:to|until|till|and) )(?: on(?:wards?)?)?`;
const FROM_VERSION = `(?:since|as of|starting with|from|with) ${VERSION}(?: on(?:wards?)?)?`;
/** "since the reorganisation", "since our last release" */
const EVENT = '(?:since|starting with|as of) (?:the|our|its|their|that|this|last|then)(?: [\\p{L}\\p{N}-]+){0,3}';
const EVENT_FRONT =
  '(?:since|starting with|as of) (?:the|our|that|this) (?:last |latest |new )?[\\p{Ll}-]+(?=,| \\p{Lu}| (?:the|our|we|all)\\b)|since (?!(?:it|they|we|he|she|there|that)\\b)[^,]{1,40}(?=,)';
const FIRST = new RegExp(
  `^(?:so |and |but )?(?:${FROM_DAY_FRONT}|${FROM_VERSION}(?=,| \\p{Lu}| (?:the|our|we|all)\\b)|${EVENT_FRONT}|${NOW})(?:,? |, )`,
  'iu',
);
const LAST = new RegExp(`,? (?:${FROM_DAY}|(?:since|as of|from) ${VERSION}(?: on(?:wards?)?)?|${EVENT})$`, 'iu');
const ANYWHERE = new RegExp(`,? (?:${NOW}|${FROM_DAY})(?=$|[ ,;.])`, 'giu');
/** "since it is faster" is a reason. */
const REASON = /,? since (?:it|they|we|he|she|there|that|nobody|everyone|not)\b.*$/i;
/** For one occasion or a limited time. */
const OCCASION =
  /(?<!\b(?:since|from|as of|starting|effective|by|until|till|than|last) )\b(?:today|tomorrow|tonight|(?:this|next) (?:once|time|night|morning|afternoon|evening|day|week(?:end)?|month|quarter|year|sprint|iteration|round|spring|summer|autumn|winter|(?:mon|tues|wednes|thurs|fri|satur|sun)day)|for (?:a|one|two|three|a few|some|the next|the) (?:minutes?|hours?|days?|weeks?|months?)|during (?:the|our)\b|just (?:this )?once)\b(?! (?:on|onwards?)\b)/i;

export interface TimeAdverbials {
  /** The clause without them. */
  readonly rest: string;
  /** One of them says that the clause holds now, as it did not before. */
  readonly isNew: boolean;
  /** One of them says since when. */
  readonly isSince: boolean;
}

/** @param marked a clause with dates as single words */
export function withoutTimeAdverbials(marked: string): TimeAdverbials {
  const end = /[.!]*\s*$/.exec(marked)?.[0] ?? '';
  const clause = marked
    .slice(0, marked.length - end.length)
    .replace(/\s+/g, ' ')
    .trim();
  const before = clause.replace(REASON, '');
  const rest = before.replace(FIRST, '').replace(LAST, '').replace(ANYWHERE, '').trim();
  const isNew = rest.length < before.length;
  return { rest, isNew, isSince: isNew && /\b(?:since|as of|starting|beginning|effective)\b/i.test(before) };
}

/** A clause that is nothing but such an adverbial: "Starting Monday". */
export const isTimeAdverbial = (clause: string): boolean =>
  /^(?:since|as of|starting|beginning|effective|with effect from|from|nowadays|these days|right now|now|at present)\b/i.test(
    clause,
  ) && clause.split(' ').length <= 6;

/** "Aylin handles refunds this week", "Tomorrow the stand-up is at 10:00": the usual state returns. */
export const isTemporaryState = (text: string): boolean => OCCASION.test(text);

import { isEmpty } from '../english/words.ts';
import type { Change } from './change.ts';
import type { Claim } from './claim.ts';
import type { ReadSentence } from './sentence.ts';
import { isNumber, keyOf, termsOf, UNITS, wordsOf } from './word.ts';

/** "No, it is port 8081", "Correction to yesterday's note: the port is 8081". */
const LEAD =
  /^(?:\p{L}+: )?(?:(?:no|sorry|oops|wrong|actually|erratum)(?:[,:;.!]+ ?| ?[–—-]+ ?| (?=(?:it|that|the)\b))|(?:a )?correction\b(?: (?:to|of|for) [^:,]{1,60})?[:,] ?)/iu;
/** What a number is of, as stems: "port 8080" and "a timeout of 30 s" are never corrected by one another. */
const PROPERTIES = new Set(
  'port version timeout limit budget quota threshold interval period retention ttl window cap siz rat frequency count delay'.split(
    ' ',
  ),
);
const GENERIC = new Set('servic server system app application'.split(' '));
const SAME_UNIT = new Map([
  ['second', 's'],
  ['sec', 's'],
  ['minute', 'min'],
  ['hour', 'h'],
  ['percent', '%'],
]);
/** Verbs by which a number is a thing's own: not what it connects to. */
const HAS = /^(?:be|be on|be at|listen|run|use|have|answer)$/;
const MOST_NUMBERS = 5;
const MOST_WORDS = 60;

export const isCorrection = ({ isFirm, text }: ReadSentence): boolean => isFirm && LEAD.test(text);

/**
 * How a sentence corrects a number of an earlier text. What of is often said elsewhere in its text or nowhere: `subject` is what the sentence
 * itself speaks of, and the property last; `gone` the other numbers of the text; `beside` the words of the sentences with the new number,
 * without those of sentences that leave another number as it is.
 */
export function correctionsIn({ claims }: ReadSentence, all: readonly string[]): Change[] {
  return claims.flatMap((claim): Change[] => {
    const number = claim.value.find(isNumber);
    const properties = [...claim.terms].filter(isProperty);
    if (claim.kind !== 'number' || number === undefined || properties.length > 1) return [];
    const sentences = all.map(stems);
    const left = new Set(sentences.filter((terms) => !terms.includes(number) && terms.some(isNumber)).flat());
    const beside = sentences.filter((terms) => terms.includes(number)).flat();
    return [
      {
        gone: [...new Set(sentences.flat())].filter((it) => isNumber(it) && it !== number).slice(0, MOST_NUMBERS),
        subject: [...claim.subject.filter((term) => !isProperty(term)), ...properties],
        beside: [...new Set(beside)].filter((term) => !left.has(term) && !isNumber(term)).slice(0, MOST_WORDS),
        now: claim.value,
        of: 'correction',
        everywhere: false,
      },
    ];
  });
}

/** By what corrections of a claim are found: its words are asked for anyway. */
export const BARE = '=number';
export const correctionAnchor = ({ subject }: Change): string => subject.find(isProperty) ?? BARE;

/** What stands before a correction in its session: nothing else there may be meant. */
export interface Preceding {
  readonly isDirectly: boolean;
  /** What else in the earlier text has a number. */
  readonly others: readonly { readonly terms: Iterable<string> }[];
}

/**
 * Whether a correction in a later text means a claim: it speaks of the same thing, it names the old value and at least half of what the claim
 * speaks of, or it comes directly after the only such number of its session.
 */
export function corrects({ gone, subject, beside, now }: Change, claim: Claim, before: Preceding): boolean {
  const number = claim.value.find(isNumber);
  if (claim.kind !== 'number' || number === undefined || now.includes(number)) return false;
  if (unitOf(now) !== '' && unitOf(claim.value) !== unitOf(now)) return false;
  const property = subject.find(isProperty);
  const properties = [...claim.terms].filter(isProperty);
  if (property !== undefined && keyOf(properties) !== property) return false;
  const [about, own] = [things(claim.subject), things(subject)];
  if (about.length === 0 || own.some((term) => !claim.terms.has(term))) return false;
  const all = things([...claim.terms]).filter((term) => !claim.value.includes(term) && term !== claim.verb);
  if (own.length > 0 && keyOf(own) === keyOf(all) && HAS.test(claim.verb)) return property !== undefined;
  if (gone.includes(number) && about.filter((term) => beside.includes(term)).length * 2 >= about.length) return true;
  if (!before.isDirectly || (gone.length > 0 && !gone.includes(number))) return false;
  return before.others.every(({ terms }) => property !== undefined && ![...terms].includes(property));
}

/** The sentence as it reads with the right number. */
export function withNumber(text: string, claim: Claim, { now }: Pick<Change, 'now'>): string | undefined {
  const [old, number] = [claim.value.find(isNumber), now.find(isNumber)];
  if (old === undefined || number === undefined) return undefined;
  const found = [
    ...text.matchAll(new RegExp(`(?<![\\w.])${old.replace(/[.*+?^$()|[\]\\]/g, '\\$&')}(?![\\w]|\\.\\d)`, 'gi')),
  ];
  const [only] = found;
  if (!only || found.length > 1) return undefined;
  return text.slice(0, only.index) + number + text.slice(only.index + only[0].length);
}

const isProperty = (term: string): boolean => PROPERTIES.has(term);
const things = (terms: readonly string[]) => terms.filter((term) => !isProperty(term) && !GENERIC.has(term));
const unitOf = (value: readonly string[]): string => {
  const unit = value.find((term) => UNITS.has(term)) ?? '';
  return SAME_UNIT.get(unit) ?? unit;
};
const stems = (text: string): string[] => termsOf(wordsOf(text, []).filter(({ lower }) => !isEmpty(lower)));

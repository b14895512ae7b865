import { isStopword } from '../english/words.ts';
import type { PropertyValue } from './property-value.ts';
import type { ParsedSentence } from './sentence.ts';
import type { StatedChange } from './stated-change.ts';
import { isNumber, stemsOf, termKey, UNITS, wordsOf } from './words.ts';

/** "No, it is port 8081", "Correction to yesterday's note: the port is 8081". */
const LEAD =
  /^(?:\p{L}+: )?(?:(?:no|sorry|oops|wrong|actually|erratum)(?:[,:;.!]+ ?| ?[–—-]+ ?| (?=(?:it|that|the)\b))|(?:a )?correction\b(?: (?:to|of|for) [^:,]{1,60})?[:,] ?)/iu;
/** Properties that have a number, as stems. A number of one property never corrects a number of another. */
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
/** Verbs that say that a number belongs to the subject, not to something it connects to. */
const HAS = /^(?:be|be on|be at|listen|run|use|have|answer)$/;
const MOST_NUMBERS = 5;
const MOST_WORDS = 60;

export const isCorrection = ({ isFirm, plain }: ParsedSentence): boolean => isFirm && LEAD.test(plain);

/**
 * How a sentence corrects a number of an earlier text. Its subject is often named in another sentence or nowhere: `subject` has the sentence's
 * own words, with the property last; `oldValue` the other numbers of the text; `context` the words of the sentences with the new number, except
 * words of sentences with other numbers.
 */
export function correctionsIn({ propertyValues }: ParsedSentence, all: readonly string[]): StatedChange[] {
  return propertyValues.flatMap((propertyValue): StatedChange[] => {
    const number = propertyValue.value.find(isNumber);
    const properties = [...propertyValue.terms].filter(isProperty);
    if (propertyValue.kind !== 'number' || number === undefined || properties.length > 1) return [];
    const sentences = all.map(stems);
    const left = new Set(sentences.filter((terms) => !terms.includes(number) && terms.some(isNumber)).flat());
    const beside = sentences.filter((terms) => terms.includes(number)).flat();
    return [
      {
        oldValue: [...new Set(sentences.flat())].filter((it) => isNumber(it) && it !== number).slice(0, MOST_NUMBERS),
        subject: [...propertyValue.subject.filter((term) => !isProperty(term)), ...properties],
        context: [...new Set(beside)].filter((term) => !left.has(term) && !isNumber(term)).slice(0, MOST_WORDS),
        newValue: propertyValue.value,
        endsWhat: 'correction',
        everywhere: false,
      },
    ];
  });
}

/** The key of corrections that name no property. */
export const BARE_NUMBER = '=number';
export const correctionKeyTerm = ({ subject }: StatedChange): string => subject.find(isProperty) ?? BARE_NUMBER;

/** What the session says before a correction: another number there could be meant instead. */
export interface CorrectionContext {
  readonly isDirectly: boolean;
  /** Other properties with a number in the earlier text. */
  readonly others: readonly { readonly terms: Iterable<string> }[];
}

/**
 * Whether a later correction is about this value: it speaks of the same thing, or it names the old value and at least half of the words of
 * the value's sentence, or it comes directly after the only such number of its session.
 */
export function isCorrectionOf(
  { oldValue, subject, context, newValue }: StatedChange,
  propertyValue: PropertyValue,
  before: CorrectionContext,
): boolean {
  const number = propertyValue.value.find(isNumber);
  if (propertyValue.kind !== 'number' || number === undefined || newValue.includes(number)) return false;
  if (unitOf(newValue) !== '' && unitOf(propertyValue.value) !== unitOf(newValue)) return false;
  const property = subject.find(isProperty);
  const properties = [...propertyValue.terms].filter(isProperty);
  if (property !== undefined && termKey(properties) !== property) return false;
  const [about, own] = [things(propertyValue.subject), things(subject)];
  if (about.length === 0 || own.some((term) => !propertyValue.terms.has(term))) return false;
  const all = things([...propertyValue.terms]).filter(
    (term) => !propertyValue.value.includes(term) && term !== propertyValue.verb,
  );
  if (own.length > 0 && termKey(own) === termKey(all) && HAS.test(propertyValue.verb)) return property !== undefined;
  if (oldValue.includes(number) && about.filter((term) => context.includes(term)).length * 2 >= about.length)
    return true;
  if (!before.isDirectly || (oldValue.length > 0 && !oldValue.includes(number))) return false;
  return before.others.every(({ terms }) => property !== undefined && ![...terms].includes(property));
}

/** The sentence as it reads with the right number. */
export function withReplacedNumber(
  text: string,
  propertyValue: PropertyValue,
  { newValue }: Pick<StatedChange, 'newValue'>,
): string | undefined {
  const [old, number] = [propertyValue.value.find(isNumber), newValue.find(isNumber)];
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
const stems = (text: string): string[] => stemsOf(wordsOf(text, []).filter(({ lower }) => !isStopword(lower)));

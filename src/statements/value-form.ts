import { isStopword } from '../english/words.ts';
import { DETERMINERS, PREPOSITIONS, wordSet } from './verbs.ts';
import type { Word } from './words.ts';

/** How a value is written: a name, a count in words ("three zones", "each release"), a quality ("slow"), a time, or other words. */
export type ValueForm = 'named' | 'counted' | 'quality' | 'time' | 'other';

/** Where the words of the value stand, after the verb if possible. */
export function placeOfValue(words: readonly Word[], at: number, value: readonly string[]): readonly [number, number] {
  if (value.length === 0) return [0, 0];
  const startsAt = (place: number) => {
    const found = words.slice(place, place + value.length + 3).filter(({ lower }) => !isStopword(lower));
    return words[place]?.stem === value[0] && value.every((term, index) => found[index]?.stem === term);
  };
  const places = [...words.keys()].filter(startsAt);
  const first = places.find((place) => place > at) ?? places[0] ?? 0;
  let [last, left] = [first, value.length];
  while (left > 0 && last < words.length) {
    if (!isStopword(words[last]?.lower ?? '')) left -= 1;
    last += 1;
  }
  return places.length > 0 ? [first, last] : [0, 0];
}

export function prepositionBefore(words: readonly Word[], first: number): string {
  let at = first - 1;
  while (at >= 0 && (DETERMINERS.has(words[at]?.lower ?? '') || BETWEEN.test(words[at]?.lower ?? ''))) at -= 1;
  const { lower = '' } = words[at] ?? {};
  // "is led by Sara" has the value of "Sara leads".
  const isDoer = lower === 'by' && words[at - 1]?.stem !== 'call';
  return PREPOSITIONS.has(lower) && !isDoer ? lower : '';
}

const BETWEEN = /^(?:new|old|same|now|also|only)$/;
const COUNTS = wordSet('one two three four five six seven eight nine ten eleven twelve several many few');
const QUALITIES = wordSet(`
  slow fast quick big small large little new old young empty full ready fine good bad better worse late early free busy cheap expensive easy
  hard simple complex clean dirty safe light heavy long short high low strong weak rich poor quiet loud warm cold hot dry wet dark bright
  important`);

const TIMES =
  /^(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|week(?:day|end)s?|mornings?|evenings?|nights?|noon|midnight)$/;

/** @param before the word before the value */
export function formOf(value: readonly Word[], before: Word | undefined): ValueForm {
  const [first] = value;
  if (!first) return 'other';
  if (TIMES.test(first.lower)) return 'time';
  if (/^(?:each|every)$/.test(before?.lower ?? '')) return 'counted';
  if (value.at(-1)?.isName) return 'named';
  if (COUNTS.has(first.lower)) return 'counted';
  const isQuality = QUALITIES.has(first.lower) || /(?:able|ible|ful|less|ous|[^e]ed)$/.test(first.lower);
  return value.length === 1 && isQuality ? 'quality' : 'other';
}

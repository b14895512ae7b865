import type { DateMention } from '../english/dates.ts';
import { withoutTimeAdverbials } from '../english/time-adverbials.ts';
import { isStopword, stem } from '../english/words.ts';
import { alternativeValues } from './alternative-values.ts';
import { type DoerClause, doerOf, holderOf, ownerOf } from './doer.ts';
import { formOf, placeOfValue, prepositionBefore, type ValueForm } from './value-form.ts';
import {
  CLAUSE_BREAKS,
  DETERMINERS,
  isParticiple,
  PREPOSITIONS,
  PRESENT_FORMS_OF_BE,
  statedWorkingState,
  verbAt,
  wordSet,
} from './verbs.ts';
import { isDate, isNumber, stemsOf, termKey, UNITS, type Word, withDates, wordsOf } from './words.ts';

/** A sentence says that a property of something has a value. Words are stems. */
export interface PropertyValue {
  /** All content words, the value's too. */
  readonly terms: ReadonlySet<string>;
  readonly subject: readonly string[];
  readonly verb: string;
  readonly value: readonly string[];
  readonly kind: 'number' | 'version' | 'date' | 'person' | 'state' | 'name' | 'none';
  /** Subject, scope and property: all terms but the value. */
  readonly key: string;
  /** Whether the property has one value at a time, so that another one ends this one. */
  readonly isSingle: boolean;
  /** Whether the sentence itself says that this is new: "now", "from now on", "No, …". */
  readonly isNews: boolean;
  /** Before the value, such as "on"; empty if there is none. */
  readonly preposition: string;
  readonly form: ValueForm;
  /** The same value as another of the sentence, with a key that does not depend on the verb. */
  readonly isAlternative?: boolean;
  /** It follows from a change, so that its verb is not known. */
  readonly isAfterChange?: boolean;
}

/** Verbs whose value is a date: "takes place on 12 May". */
const EVENTS = wordSet(
  'tak start begin happen end expir open clos launch go land fall kick be|on be|in schedul plan due',
);
const MANY_VALUED = wordSet(
  'support ship offer provid contain need requir accept test read writ log publish talk return send includ handl review serv',
);
const ROLES = wordSet('lead own maintain manag head chair moderat coordinat supervis responsibl charg');
/** Verbs with one value at a time. */
const NAMING = wordSet(
  'call host bas locat writ titl licens nam own lead maintain manag head register schedul limit pin lock cap',
);
const PROPERTIES = wordSet(`
  own lead maintain manag contact port version timeout limit default branch call local region host domain url address databas provider
  siz interval period deadline budget pric email editor framework languag licens target titl colour color chair treasurer head captain
  quota threshold frequency rat duration length width height weight password channel bucket endpoint path prefix timezon currency theme
  model format encod protocol runtim compil backend broker registry mirror capital location offic room floor phone number count
  minimum maximum ttl retention window cap batch concurrency entrypoint schedul maintainer sponsor director secretary president principal`);
const IDENTIFIED = wordSet(
  'room hall board pier gate floor building step phase sprint team batch lot unit bay dock rack slot track lab warehous issue ticket line build head bank step chapter page case test week day',
);
const NEWS =
  /\b(?:now|nowadays|these days|currently|from now on|from today on|as of|effective|starting|instead|has changed|today on|henceforth|going forward|finally)\b/i;
const NOT_NOW = /\b(?:until|till|by|before|for|up to) now\b|\bnow and (?:then|again)\b/gi;
const CORRECTION =
  /^(?:no|correction|sorry|actually|oops|wrong|fix|update|erratum|my mistake|i was wrong|to correct myself)\b[,:;. –—-]+/i;
/** Verbs of several words that mean "maintain". */
const CARE = /\b(?:looks? after|takes? care of)\b/i;
const COMING_FIRST = /^(?:in|on|at|for|under|during)$/;

/** The value of a property that a clause in the present tense states; null if it states none. */
export const propertyValueOf = (text: string, dates: readonly DateMention[]): PropertyValue | null =>
  propertyValuesOf(text, dates).at(-1) ?? null;

/** The same after its alternative readings. */
export function propertyValuesOf(text: string, dates: readonly DateMention[]): PropertyValue[] {
  const isCorrection = CORRECTION.test(text);
  const clause = text
    .replace(CORRECTION, (lead) => ' '.repeat(lead.length))
    .replace(CARE, (verb) => (/s\b/.test(verb) ? 'maintains' : 'maintain').padEnd(verb.length));
  const marked = withDates(clause, dates);
  const { rest, isNew, isSince } = withoutTimeAdverbials(marked);
  const isNews = isCorrection || isNew || NEWS.test(clause.replace(NOT_NOW, ' '));
  const mended = MENDED.exec(clause)?.groups?.what;
  if (mended) {
    const condition = conditionOf(wordsOf(mended, []), wordsOf(marked, []), 'ok', true);
    return condition ? [condition] : [];
  }
  // A date after "from" may be the value: "the contract runs from 1 May".
  for (const words of [rest, marked].map((read) => wordsOf(isSince && read === rest ? inPresent(read) : read, []))) {
    const stated = valueIn(words, isNews);
    if (stated) return [...(stated.kind === 'state' ? [] : alternativeValues(stated, words)), stated];
  }
  return [];
}

function valueIn(words: readonly Word[], isNews: boolean): PropertyValue | null {
  const done = doerOf(words);
  if (done) return doerValue(done, isNews);
  const owned = ownerOf(words);
  if (owned) return doerValue(owned, isNews);
  const held = holderOf(words);
  if (held) return doerValue({ ...held, verb: 'be', kind: 'person' }, isNews);
  const at = verbAt(words);
  const found = at < 0 ? null : partsOf(words, at);
  if (!found) return null;
  const isNegated = words.slice(at, at + 3).some(({ lower }) => lower === 'not' || /n['’]t$/.test(lower));
  const parts = dated(found, words.slice(at));
  const { verb, value, kind, subject } = parts;
  const others = /^(?:they|their)$/.test(words[0]?.lower ?? '') ? ['=they'] : [];
  const all = [...stemsOf(words).filter((term) => !isTime(term, kind)), ...others];
  const terms = new Set(all);
  const condition = statedWorkingState(words, at);
  if (condition) return conditionOf(words.slice(0, at), words, condition.word, isNews);
  if (value.length === 0 && terms.size < 2) return null;
  const kept = new Set(valueInKey(kind, value));
  // "The secrets are kept in Secrets Manager": a word of the value may also be one of the subject.
  const [first, last] = placeOfValue(words, at, value);
  const beside = stemsOf(words.filter((_, place) => place < first || place >= last));
  const frame = all.filter(
    (term) =>
      (!kept.has(term) || (last > first && kind === 'name' && beside.includes(term))) &&
      !(kind === 'number' && UNITS.has(term) && value.includes(term)),
  );
  // "Start it with …" does not say what is started, and "Start again with …" may be about anything.
  const isOfNothing = at === 0 && verb !== 'use' && frame.every((term) => term === words[0]?.stem);
  const key = isOfNothing ? '' : termKey(frame.filter((term) => term !== 'be'));
  return {
    ...{ terms, subject, verb, value, kind, key },
    // "The default is 0" does not say of what.
    isSingle: !isNegated && frame.some((term) => term !== 'default') && isSingle(words, parts),
    isNews: !isNegated && isNews,
    preposition: prepositionBefore(words, first),
    form: formOf(words.slice(first, last), words[first - 1]),
  };
}

function doerValue({ verb, doer, object, kind }: DoerClause, isNews: boolean): PropertyValue {
  const [value, subject] = [stemsOf(doer), stemsOf(object)];
  const isOfOne = verb === 'be' ? subject.some((term) => PROPERTIES.has(term)) : ROLES.has(verb);
  return {
    ...{ terms: new Set([...value, verb, ...subject]), subject, verb, value, kind, isNews },
    key: termKey(new Set([...subject, verb].filter((term) => term !== 'be'))),
    isSingle: isOfOne && value.length > 0 && value.length <= 3 && subject.length > 0,
    preposition: '',
    form: 'named',
  };
}

/** "has been stored in Dublin since …", "has led the team since …": what began then still holds. */
const inPresent = (clause: string): string =>
  clause
    .replace(/\b(?:has|have) been (?:running|\p{L}+ing)\b/iu, (found) => `${stem(found.split(' ')[2] ?? '')}s`)
    .replace(/\b(has|have) been\b/i, (_, verb: string) => (verb.toLowerCase() === 'has' ? 'is' : 'are'))
    .replace(/\b(?:has|have) (\p{L}+ed|led|run|held|kept|built)\b/iu, (_, verb: string) => `${stem(verb)}s`);

const MENDED = /^(?<what>.+?) (?:has|have) been (?:repaired|fixed|restored|resolved|mended)\b/i;

function conditionOf(
  about: readonly Word[],
  words: readonly Word[],
  word: 'ok' | 'broken',
  isNews: boolean,
): PropertyValue | null {
  const subject = stemsOf(about).filter((term) => !isDate(term));
  if (subject.length === 0) return null;
  const terms = new Set(stemsOf(words));
  return {
    terms,
    subject,
    verb: 'be',
    value: [word],
    kind: 'state',
    key: termKey(['=state', ...subject]),
    isSingle: true,
    isNews,
    preposition: '',
    form: 'quality',
  };
}

/** Dates only count where they are the value. */
const isTime = (term: string, kind: PropertyValue['kind']): boolean => isDate(term) && kind !== 'date';

/** Of "Postgres 15" only the number is the value of the property. */
function valueInKey(kind: PropertyValue['kind'], value: readonly string[]): readonly string[] {
  return kind === 'version' ? value.filter(isNumber) : value;
}

interface Parts extends Pick<PropertyValue, 'verb' | 'value' | 'kind' | 'subject'> {
  readonly numbers: number;
}

function dated(parts: Parts, after: readonly Word[]): Parts {
  const dates = after.filter(({ stem: term }) => isDate(term));
  const isEvent = EVENTS.has(parts.verb.replace(' ', '|')) && parts.subject.length > 0;
  return isEvent && dates.length === 1 && parts.kind !== 'number'
    ? { ...parts, value: [dates[0]?.stem ?? ''], kind: 'date' }
    : parts;
}

/** The subject and the value on the two sides of the verb. */
function partsOf(words: readonly Word[], at: number): Parts | null {
  const verb = words[at] as Word;
  const lead = COMING_FIRST.test(words[0]?.lower ?? '')
    ? words.slice(0, at).findIndex(({ isParted }) => isParted) + 1
    : 0;
  const before = words.slice(lead, at);
  const numbers = words.filter(({ stem: term }) => isNumber(term)).length;
  let after = words
    .slice(at + 1)
    .filter(({ lower }) => !/^(?:not|now|only|always|currently|again|still|back|already|there|here)$/.test(lower));
  const isOwn = before.every(({ lower }) => isStopword(lower));
  if (PRESENT_FORMS_OF_BE.test(verb.lower)) {
    const [first] = after;
    if (!first) return null;
    if (isParticiple(first)) {
      after = after.slice(1);
      const isBy = after[0]?.lower === 'by';
      const value = phrase(PREPOSITIONS.has(after[0]?.lower ?? '') ? after.slice(1) : after);
      if (isBy && ROLES.has(first.stem)) return { ...valued(value, before, first.stem), kind: 'person', numbers };
      return numbered(words, at, { ...valued(value, before, first.stem), numbers });
    }
    if (/^(?:responsible|in)$/.test(first.lower) && /^(?:for|charge)$/.test(after[1]?.lower ?? '')) {
      return { ...valued(before, after.slice(first.lower === 'in' ? 2 : 1), 'responsibl'), kind: 'person', numbers };
    }
    const hasPreposition = PREPOSITIONS.has(first.lower);
    return {
      ...valued(phrase(hasPreposition ? after.slice(1) : after), before, hasPreposition ? `be ${first.lower}` : 'be'),
      numbers,
    };
  }
  if (ROLES.has(verb.stem) && !isOwn && !PREPOSITIONS.has(after[0]?.lower ?? ''))
    return { ...valued(before, phrase(after), verb.stem), kind: 'person', numbers };
  if (isOwn) {
    const object = phrase(after);
    const rest = after.slice(object.length);
    if (verb.stem === 'use' || verb.stem === 'go') return { ...valued(object, rest, verb.stem), numbers };
    const value = PREPOSITIONS.has(rest[0]?.lower ?? '') ? phrase(rest.slice(1)) : [];
    if (PREPOSITIONS.has(after[0]?.lower ?? '')) return { ...valued(phrase(after.slice(1)), [], verb.stem), numbers };
    return value.length > 0
      ? { ...valued(value, object, verb.stem), numbers }
      : { ...valued(object, [], verb.stem), numbers };
  }
  const isLed = PREPOSITIONS.has(after[0]?.lower ?? '');
  const object = phrase(isLed ? after.slice(1) : after);
  const rest = after.slice(object.length + (isLed ? 1 : 0));
  // "keeps its sessions in Redis"
  const place =
    !isLed &&
    /^(?:keep|stor|run|deploy|send|host|hold|render|build)$/.test(verb.stem) &&
    PREPOSITIONS.has(rest[0]?.lower ?? '');
  const value = place ? phrase(rest.slice(1)) : object;
  return { ...valued(value, before, verb.lower === 'has' || verb.lower === 'have' ? 'have' : verb.stem), numbers };
}

/** Words up to where another phrase begins; of one in two parts ("12 to 26") the first. */
function phrase(words: readonly Word[]): readonly Word[] {
  const first = words.findIndex(({ lower }) => !DETERMINERS.has(lower));
  for (let at = Math.max(first, 0); at < words.length; at++) {
    const word = words[at] as Word;
    if (at > first && (PREPOSITIONS.has(word.lower) || CLAUSE_BREAKS.has(word.lower))) return words.slice(0, at);
    if (word.isParted) return words.slice(0, at + 1);
  }
  return words;
}

function valued(value: readonly Word[], subject: readonly Word[], verb: string): Omit<Parts, 'numbers'> {
  const [terms, about] = [stemsOf(value), stemsOf(subject).filter((term) => !isDate(term))];
  const date = terms.find(isDate);
  const number = terms.find(isNumber);
  const base = { verb, subject: about };
  if (date) return { ...base, value: [date], kind: 'date' };
  if (number) {
    const place = terms.indexOf(number);
    const before = value.find(({ stem: term }, index) => value[index + 1]?.stem === number && term !== number);
    if (before?.isName && !isStopword(before.lower)) return { ...base, value: [before.stem, number], kind: 'version' };
    const unit = terms[place + 1];
    return { ...base, value: unit && UNITS.has(unit) ? [number, unit] : [number], kind: 'number' };
  }
  return { ...base, value: terms, kind: terms.length > 0 ? 'name' : 'none' };
}

/** "Node 22 is used in CI": the value comes before the verb. */
function numbered(words: readonly Word[], at: number, parts: Parts): Parts {
  const [name, number] = words.slice(Math.max(0, at - 2), at);
  const isUsed = /^(?:use|need|requir)$/.test(parts.verb);
  if (isUsed && name && number && isNumber(number.stem) && name.isName && !IDENTIFIED.has(name.stem))
    return {
      ...parts,
      value: [name.stem, number.stem],
      kind: 'version',
      subject: parts.value.length > 0 ? parts.value : parts.subject,
    };
  if (isUsed && parts.kind === 'name' && at <= 3) {
    const value = stemsOf(words.slice(0, at));
    return { ...parts, value, subject: parts.value };
  }
  return parts;
}

function isSingle(words: readonly Word[], { kind, verb, value, numbers, subject }: Parts): boolean {
  if (
    MANY_VALUED.has(verb) ||
    words.some(({ lower }) => /^(?:and|or|at least|between|about|up)$/.test(lower) && kind !== 'person')
  )
    return false;
  if (kind === 'person')
    return value.length > 0 && value.length <= 3 && subject.length > 0 && words[0]?.lower !== 'who';
  if (kind === 'number') return numbers === 1 && subject.length > 0;
  if (kind === 'version')
    return numbers === 1 && /^(?:use|run|be|be on|pin|build|need|requir|target|lock)$/.test(verb) && subject.length > 0;
  if (kind === 'date') return subject.length > 0;
  if (kind !== 'name' || value.length > 4 || subject.length === 0) return false;
  if (verb === 'be') return DETERMINERS.has(words[0]?.lower ?? '') && subject.some((term) => PROPERTIES.has(term));
  return NAMING.has(verb);
}

import type { DateMention } from '../english/dates.ts';
import { isTimeAdverbial, withoutTimeAdverbials } from '../english/time-adverbials.ts';
import { isStopword } from '../english/words.ts';
import { decisionAsDone } from './decision.ts';
import { PATTERNS } from './patterns.ts';
import { propertyValueOf } from './property-value.ts';
import { isNumber, stemsOf, UNITS, withDates, wordsOf } from './words.ts';

/** Something that ended or was replaced, as a sentence says. Words are stems. */
export interface StatedChange {
  /** What ended has all of these words; empty if the sentence only gives the new value. */
  readonly oldValue: readonly string[];
  /** The thing whose value changed; what ended has all of these words too. */
  readonly subject: readonly string[];
  /** Other words of the sentence. Without a subject, and unless `everywhere` is set, what ended has at least one of them. */
  readonly context: readonly string[];
  readonly newValue: readonly string[];
  /**
   * What kind of statement ends: any with the old value; a name only; what a person does; where or on what something runs; another
   * version of `newValue`; another number or date; another person in the same role; the number that a later text corrects; a lower version; where something
   * has a thing of its own (`own-move.ts`).
   */
  readonly endsWhat:
    | 'any'
    | 'name'
    | 'person'
    | 'place'
    | 'version'
    | 'number'
    | 'role'
    | 'correction'
    | 'release'
    | 'own';
  /** The thing was removed everywhere, so every statement that uses it ends. */
  readonly everywhere: boolean;
}

const CLAUSES =
  /; |, (?:and |but |so )?|\s[—–]\s| and (?=(?:we|i|they|it|now|use|uses|needs?|requires?|listens?|went|moved|switched|replaced|runs?)\b)|: /i;
/** The reason that may follow an old value. */
const REASON = String.raw`(?:,? (?:because|since|due to)\b.*|, (?:as|so|after|which|but)\b.*)?`;
const INSTEAD = new RegExp(`^(?<rest>.+?) (?:instead of|rather than|in place of) (?<g>[^,;]+?)[.!]?${REASON}$`, 'i');
const INSTEAD_FIRST = /^instead of (?<g>[^,;]+?), (?<rest>.+)$/i;
const NOT_BUT = /\bnot (?<g>[^,;:]+?),? but (?<n>[^,;:.]+)/i;
const BUT_NOT = /^(?<rest>[^,]+), (?:and )?not (?<g>[^,;.]+?)(?: any ?more| any longer)?[.!]?$/i;
/** Words that name nothing that could be replaced. */
const NO_THING =
  /^(?:nobody|no one|none|it|that|this|them|him|her|us|me|there|everything|something|nothing|more|less|work|school|home|bed|ahead)$/i;
/** "They migrated their frontend" is about others. */
const NOT_OURS = /^they\b[^.]*\btheir\b/i;
/** "Today's stand-up has been moved" is not about those of other days. */
const ONE_OF_MANY = /\b(?:today|tonight|tomorrow|yesterday|(?:this|next|last) \w+|\w+day)['’]s\b/i;
/** "The value that ended" and "A removed text" say nothing of their own. */
const RELATIVE = /^(?:an?|the|our|my|your|its|their)$|\b(?:that|which|who|whose|what|when|if|as)$/i;
const MOST = 400;
/** A sentence without any of these words states no change, so most sentences skip the patterns. */
const CUE =
  /renam|rebrand|postpon|put off|push|reschedul|delay|deferr|brought|mov|shift|slip|t(?:ook|ake)|inherit|hand|pass|gave|succe|replac|supersed|swap|exchang|substitut|migrat|switch|chang|port|transf|transit|convert|went|relocat|walk|got|rais|lower|increas|reduc|decreas|cut|bump|extend|short|doubl|halv|grad|updat|rose|fell|grew|shrank|\bset\b|adjust|capp|back|revert|return|longer|any ?more|stop|quit|ceas|drop|abandon|retir|discontinu|remov|delet|sunset|scrap|ditch|decommission|cancel|shut|turn|took down|phas|rid of|kill|end|withdr|install|goodbye|threw|gone|dead|histor|no more|out of|obsolete|closed|forbid|ban|prohib|disallow|limits|not |left|resign|depart|leav|instead|rather|place|called|named|known as|rewr|reimpl|rebuil|rework|step|stood|releas/i;

/** Clauses that would be complete sentences. */
export function clausesOf(text: string): string[] {
  const [first, second, ...rest] = text.split(CLAUSES).filter((clause) => Boolean(clause?.trim()));
  if (first === undefined || second === undefined) return first === undefined ? [] : [first];
  return isTimeAdverbial(first) ? [`${first}, ${second}`, ...rest] : [first, second, ...rest];
}

/** The changes that a sentence states. @param text without quotations */
export function statedChanges(text: string, dates: readonly DateMention[]): StatedChange[] {
  if (text.length > MOST) return [];
  if (NOT_OURS.test(text) || ONE_OF_MANY.test(text)) return [];
  const marked = decisionAsDone(withDates(text, dates).replace(/\s+/g, ' ').trim())
    .replace(/^\s*(?:no|correction|update|fyi|note|news)[,:] /i, '')
    .trim()
    .replace(/[.!]+$/, '');
  if (!CUE.test(marked)) return [];
  const instead = insteadOf(marked);
  const clauses = clausesOf(marked);
  const changes = clauses.flatMap((clause, place) => {
    const rest = clauses.filter((other, at) => at !== place && !/^it\b/i.test(other.trim())).join(', ');
    const change = changeIn(clause.trim(), rest) ?? changeIn(withoutTimeAdverbials(clause).rest, rest);
    return change ? [change] : [];
  });
  return [...(instead ? [instead] : []), ...changes];
}

function changeIn(clause: string, rest: string): StatedChange | null {
  for (const [pattern, read] of PATTERNS) {
    const match = pattern.exec(clause);
    const change = match && changeOf(read(match.groups ?? {}), rest);
    if (change) return change;
  }
  return null;
}

function insteadOf(text: string): StatedChange | null {
  const found = (INSTEAD.exec(text) ?? INSTEAD_FIRST.exec(text) ?? BUT_NOT.exec(text))?.groups;
  const corrected = NOT_BUT.exec(text);
  if (corrected?.groups) {
    const rest = text.replace(corrected[0], '');
    return changeOf({ oldValue: corrected.groups.g ?? '', newValue: corrected.groups.n ?? '', subject: rest }, '');
  }
  if (!found?.rest || !found.g || /^(?:being|its|their)\b/i.test(found.g)) return null;
  const stated = propertyValueOf(found.rest, []);
  if (!stated || stated.value.length === 0) return null;
  const oldValue = stems(found.g);
  const subject = stated.subject.length > 0 ? stated.subject : [];
  if (oldValue.length === 0 || oldValue.length > 5) return null;
  return {
    oldValue,
    subject,
    context: subject.length > 0 ? [] : [...stated.terms].filter((term) => !stated.value.includes(term)),
    newValue: stated.value,
    endsWhat: 'any',
    everywhere: false,
  };
}

function changeOf(read: Partial<Record<keyof StatedChange, string | boolean>>, rest: string): StatedChange | null {
  const part = (name: keyof StatedChange) => (typeof read[name] === 'string' ? stems(read[name]) : []);
  const named = [read.oldValue, read.subject].filter((it) => typeof it === 'string').map((it) => it.trim());
  if (named.some((it) => NO_THING.test(it) || RELATIVE.test(it))) return null;
  const change: StatedChange = {
    oldValue: part('oldValue'),
    subject: part('subject'),
    context: read.endsWhat === 'person' ? part('context') : stems(rest),
    // "upgraded to 1.31 and Redis to 7.4"
    newValue: /^(?:version|number|release)$/.test(read.endsWhat as string)
      ? stems(String(read.newValue ?? '').replace(/ and .*/i, ''))
      : part('newValue'),
    endsWhat: (read.endsWhat as StatedChange['endsWhat'] | undefined) ?? 'any',
    everywhere: read.everywhere === true,
  };
  if (change.oldValue.length > 6 || change.subject.length > 8 || change.newValue.length > 8) return null;
  // "We are back on React 18.3" has its subject in the new value.
  const isVersion =
    change.newValue.length === 2 && change.newValue.some(isNumber) && /^(?:place|version)$/.test(change.endsWhat);
  if (change.oldValue.length === 0 && (change.newValue.length === 0 || (change.subject.length === 0 && !isVersion)))
    return null;
  if (change.endsWhat === 'person' && change.oldValue.length > 3) return null;
  return change;
}

function stems(text: string): string[] {
  return stemsOf(wordsOf(text, []).filter(({ lower }) => !isStopword(lower)));
}

/** The word by which a change is found: the most specific word of the old value, or of the subject. */
export function keyTermOf({ oldValue, subject, newValue }: StatedChange): string {
  const named = oldValue.filter((term) => !isNumber(term) && !UNITS.has(term));
  const names = newValue.filter((term) => !isNumber(term));
  const from =
    named.length > 0 ? named : subject.length > 0 ? subject.slice(-1) : oldValue.length > 0 ? oldValue : names;
  return [...from].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))[0] ?? '';
}

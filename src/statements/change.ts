import type { DateMention } from '../english/dates.ts';
import { isEmpty } from '../english/words.ts';
import { claimOf } from './claim.ts';
import { PATTERNS } from './patterns.ts';
import { isNumber, termsOf, UNITS, withDates, wordsOf } from './word.ts';

/** What a sentence says to have ended or to have taken another's place. Words stand as their stems. */
export interface Change {
  /** All of these must stand in what ended; empty where only the new value is told. */
  readonly gone: readonly string[];
  /** What of: each must stand there too. */
  readonly subject: readonly string[];
  /** What else the sentence speaks of: some of it must stand there, where neither a subject nor `everywhere` tells more. */
  readonly beside: readonly string[];
  readonly now: readonly string[];
  /**
   * What kind of statement ends: any that holds what is gone; a name only; what a person does; where or on what something runs; another
   * version of `now`; another number or date; another person in the same role; the number that a later text corrects.
   */
  readonly of: 'any' | 'name' | 'person' | 'place' | 'version' | 'number' | 'role' | 'correction';
  /** The thing itself is no more, whatever used it. */
  readonly everywhere: boolean;
}

const CLAUSES =
  /; |, (?:and |but |so )?|\s[—–]\s| and (?=(?:we|i|they|it|now|use|uses|went|moved|switched|replaced|runs?)\b)|: /i;
const INSTEAD = /^(?<rest>.+?) (?:instead of|rather than|in place of) (?<g>[^,;]+?)[.!]?$/i;
const INSTEAD_FIRST = /^instead of (?<g>[^,;]+?), (?<rest>.+)$/i;
const NOT_BUT = /\bnot (?<g>[^,;]+?),? but (?<n>[^,;.]+)/i;
const BUT_NOT = /^(?<rest>[^,]+), (?:and )?not (?<g>[^,;.]+?)(?: any ?more| any longer)?[.!]?$/i;
/** Nothing is said to be replaced by words such as these. */
const NO_THING =
  /^(?:nobody|no one|none|it|that|this|them|him|her|us|me|there|everything|something|nothing|more|less|work|school|home|bed|ahead)$/i;
const MOST = 400;
/** A sentence without any of these changes nothing; most are spared the patterns. */
const CUE =
  /renam|rebrand|postpon|put off|push|reschedul|delay|deferr|brought|mov|shift|slip|t(?:ook|ake)|inherit|hand|pass|gave|succe|replac|supersed|swap|exchang|substitut|migrat|switch|chang|port|transf|transit|convert|went|relocat|walk|got|rais|lower|increas|reduc|decreas|cut|bump|extend|short|doubl|halv|grad|updat|rose|fell|grew|shrank|\bset\b|adjust|capp|back|revert|return|longer|any ?more|stop|quit|ceas|drop|abandon|retir|discontinu|remov|delet|sunset|scrap|ditch|decommission|cancel|shut|turn|took down|phas|rid of|kill|end|withdr|install|goodbye|threw|gone|dead|histor|no more|out of|obsolete|closed|forbid|ban|prohib|disallow|limits|not |left|resign|depart|leav|instead|rather|place/i;

/** Parts of a sentence that could stand alone. */
export const clausesOf = (text: string): string[] => text.split(CLAUSES).filter((clause) => Boolean(clause?.trim()));

/** What a sentence changes; none for one that changes nothing. @param text without quotations */
export function changesOf(text: string, dates: readonly DateMention[]): Change[] {
  if (text.length > MOST) return [];
  const marked = withDates(text, dates)
    .replace(/\s+/g, ' ')
    .replace(/^\s*(?:no|correction|update|fyi|note|news)[,:] /i, '')
    .trim()
    .replace(/[.!]+$/, '');
  if (!CUE.test(marked)) return [];
  const instead = insteadOf(marked);
  const clauses = clausesOf(marked);
  const changes = clauses.flatMap((clause, place) => {
    const rest = clauses.filter((other, at) => at !== place && !/^it\b/i.test(other.trim())).join(', ');
    for (const [pattern, read] of PATTERNS) {
      const match = pattern.exec(clause.trim());
      const change = match && changeOf(read(match.groups ?? {}), rest);
      if (change) return [change];
    }
    return [];
  });
  return [...(instead ? [instead] : []), ...changes];
}

function insteadOf(text: string): Change | null {
  const found = (INSTEAD.exec(text) ?? INSTEAD_FIRST.exec(text) ?? BUT_NOT.exec(text))?.groups;
  const corrected = NOT_BUT.exec(text);
  if (corrected?.groups) {
    const rest = text.replace(corrected[0], '');
    return changeOf({ gone: corrected.groups.g ?? '', now: corrected.groups.n ?? '', subject: rest }, '');
  }
  if (!found?.rest || !found.g) return null;
  const claim = claimOf(found.rest, []);
  if (!claim || claim.value.length === 0) return null;
  const gone = stems(found.g);
  const subject = claim.subject.length > 0 ? claim.subject : [];
  if (gone.length === 0 || gone.length > 5) return null;
  return {
    gone,
    subject,
    beside: subject.length > 0 ? [] : [...claim.terms].filter((term) => !claim.value.includes(term)),
    now: claim.value,
    of: 'any',
    everywhere: false,
  };
}

function changeOf(read: Partial<Record<keyof Change, string | boolean>>, rest: string): Change | null {
  const part = (name: keyof Change) => (typeof read[name] === 'string' ? stems(read[name]) : []);
  if ([read.gone, read.subject].some((it) => typeof it === 'string' && NO_THING.test(it.trim()))) return null;
  const change: Change = {
    gone: part('gone'),
    subject: part('subject'),
    beside: read.of === 'person' ? part('beside') : stems(rest),
    now: part('now'),
    of: (read.of as Change['of'] | undefined) ?? 'any',
    everywhere: read.everywhere === true,
  };
  if (change.gone.length > 6 || change.subject.length > 8 || change.now.length > 8) return null;
  // "We are back on React 18.3" says by the name of what.
  const isVersion = change.now.length === 2 && change.now.some(isNumber) && /^(?:place|version)$/.test(change.of);
  if (change.gone.length === 0 && (change.now.length === 0 || (change.subject.length === 0 && !isVersion))) return null;
  if (change.of === 'person' && change.gone.length > 3) return null;
  return change;
}

function stems(text: string): string[] {
  return termsOf(wordsOf(text, []).filter(({ lower }) => !isEmpty(lower)));
}

/** The word by which a change is found: the most particular one of what is gone, or of what it is about. */
export function anchorOf({ gone, subject, now }: Change): string {
  const named = gone.filter((term) => !isNumber(term) && !UNITS.has(term));
  const names = now.filter((term) => !isNumber(term));
  const from = named.length > 0 ? named : subject.length > 0 ? subject.slice(-1) : gone.length > 0 ? gone : names;
  return [...from].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))[0] ?? '';
}

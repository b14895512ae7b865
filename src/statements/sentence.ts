import { type DateMention, datesIn } from '../english/dates.ts';
import { proseParagraphs } from '../english/paragraphs.ts';
import { type Range, sentenceRanges } from '../english/sentences.ts';
import { stanceOf, withoutQuotations } from '../english/stance.ts';
import { isTemporaryState } from '../english/time-adverbials.ts';
import { isEnglish } from '../english/words.ts';
import { oneLine } from '../text.ts';
import { coordinatedClauses } from './coordinated-clauses.ts';
import { type PropertyValue, propertyValuesOf } from './property-value.ts';
import { statementScope } from './scope.ts';
import { clausesOf, type StatedChange, statedChanges } from './stated-change.ts';
import { termKey } from './words.ts';

/** A text with the time at which it was written or said. */
export interface DatedText {
  readonly content: string;
  /** `message` for a dialogue; of `json` nothing is read. */
  readonly source: string;
  readonly referenceTime: Date;
}

/** A sentence that says how something is, or what has changed. */
export interface ParsedSentence extends Range {
  /** As it was written, on one line. */
  readonly text: string;
  /** Without marks of emphasis and code and without the addresses of links. */
  readonly plain: string;
  readonly dates: readonly DateMention[];
  /** Environments, branches and projects in the sentence or its headings (`scope.ts`). */
  readonly scope: string;
  readonly propertyValues: readonly PropertyValue[];
  /** Of those of its parts that do more than add something. */
  readonly changes: readonly StatedChange[];
  /** Whether another value may end what was said before. */
  readonly isFirm: boolean;
  /** Whether it has more than one clause, so that a part of it can still hold. */
  readonly isCompound: boolean;
}

/** Later sentences of a text are not parsed. */
const MOST = 1_000;
const LONGEST = 500;
const LINK = /\[([^[\]\n]{1,200})\]\([^()\s]{1,500}\)/g;
/** What a colleague reports counts where it names both what was and what is: "Tom says the launch moved from 1 to 20 April". */
const REPORTED_CHANGE =
  /^(?:[^:"“]{1,40}: )?\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)? (?:says|said|reports|reported|confirms|confirmed|announced|tells us|told us)(?: that|,)? (.+ from .+ to .+)$/u;
/** A plan with a day is a current state: "the launch is planned for 1 April". */
const PLANNED_DAY =
  /(?<=\b(?:is|are) )planned for (?=(?:the )?\d{1,2}(?:st|nd|rd|th)? |\d{4}-|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d)/i;
/** "after an hour", but not "after a week of tests" or "twice a day". */
const ONE =
  /(?<=\b(?:after|within|lasts?|takes?) (?:only |now )?)(?<half>half an hour)|(?<=\b(?:after|within|lasts?|takes?) (?:only |now )?)an? (?=(?:second|minute|hour|day|week|month|year)(?:$|[.,;!]| (?:now|instead|since|as of|these days|from)\b))/gi;
const withOneAsNumber = (text: string): string =>
  text.replace(ONE, (found) => (/^half/i.test(found) ? '30 minutes' : '1 '));

/** The sentences of a text that state a value or a change, with their places. */
export function parseSentences({ content, source, referenceTime }: DatedText): ParsedSentence[] {
  if (source === 'json' || source === 'fact_triple') return [];
  const found: ParsedSentence[] = [];
  let looked = 0;
  let before: PropertyValue | undefined;
  for (const paragraph of proseParagraphs(content, source === 'message')) {
    const part = content.slice(paragraph.start, paragraph.end);
    for (const range of sentenceRanges(part, paragraph.start)) {
      looked += 1;
      if (looked > MOST) return found;
      const sentence = read(content, range, paragraph.headings, referenceTime, before);
      if (!sentence) continue;
      before = sentence.propertyValues.at(-1) ?? before;
      found.push(sentence);
    }
  }
  return found;
}

function read(
  content: string,
  range: Range,
  headings: readonly string[],
  reference: Date,
  before: PropertyValue | undefined,
): ParsedSentence | null {
  if (range.end - range.start > LONGEST) return null;
  const text = oneLine(content.slice(range.start, range.end));
  const plain = text
    .replace(LINK, '$1')
    .replace(/[*`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (!/\S\s\S/.test(plain)) return null;
  const unquoted = withoutQuotations(plain);
  const reported = REPORTED_CHANGE.exec(unquoted)?.[1];
  const own = withOneAsNumber((reported ?? unquoted).replace(PLANNED_DAY, 'scheduled for '));
  const stance = stanceOf(own);
  if (stance === 'none' || !isEnglish(own)) return null;
  const dates = datesIn(own, reference);
  const corrected = before && correctionOf(own, before);
  const firm =
    stance === 'states'
      ? own
      : clausesOf(own)
          .filter((clause) => stanceOf(clause) === 'states')
          .join(', ');
  const all = corrected ? [] : statedChanges(firm, firm === own ? dates : datesIn(firm, reference));
  const changes =
    reported === undefined ? all : all.filter(({ oldValue, newValue }) => oldValue.length > 0 && newValue.length > 0);
  if (reported !== undefined && changes.length === 0) return null;
  const clauses =
    reported === undefined && (changes.length > 0 || !corrected) ? coordinatedClauses(clausesOf(own)) : [];
  const propertyValues = corrected
    ? [corrected]
    : [
        ...clauses.flatMap((clause) => propertyValuesIn(clause, reference)),
        ...changes.flatMap((it) => propertyValueAfter(it) ?? []),
      ];
  if (propertyValues.length === 0 && changes.length === 0) return null;
  return {
    ...range,
    text,
    plain,
    dates,
    scope: statementScope(own, headings),
    propertyValues,
    changes,
    isFirm: stance === 'states',
    isCompound: clauses.length > 1 || /\band\b/.test(own),
  };
}

function propertyValuesIn(clause: string, reference: Date): PropertyValue[] {
  const all = propertyValuesOf(clause, datesIn(clause, reference));
  // On one occasion something else holds than usual.
  if (!isTemporaryState(clause)) return all;
  return all.map((it) => (it.kind === 'date' ? it : { ...it, isNews: false, isSingle: false }));
}

/** The value after a change. */
function propertyValueAfter({ subject, newValue, endsWhat }: StatedChange): PropertyValue | null {
  if (newValue.length === 0 || subject.length === 0 || endsWhat === 'name') return null;
  const terms = new Set([...subject, ...newValue]);
  const kind = newValue.length === 2 && /^v?\d/.test(newValue[1] ?? '') ? 'version' : 'name';
  return {
    terms,
    subject,
    verb: endsWhat === 'role' ? 'own' : 'use',
    value: newValue,
    kind,
    key: termKey(subject),
    isSingle: false,
    // A move of its own thing ends only what `own-move.ts` allows.
    isNews: endsWhat !== 'own',
    preposition: '',
    form: 'named',
    isAfterChange: true,
  };
}

const CORRECTED =
  /^(?:no|correction|sorry|actually|oops|wrong)\b[,:;. –—-]+(?:it|that|this|they|he|she)(?:'s|’s| is| are| was)?(?: (?:on|in|at|called|now|actually))* (?<value>[^\s,;]+(?: [^\s,;]+)?)[.!]?$/i;

/** "No, it is 8081" after "the proxy listens on 8080". */
function correctionOf(text: string, before: PropertyValue): PropertyValue | null {
  const words = CORRECTED.exec(text)?.groups?.value?.toLowerCase().replace(/[.!]$/, '').split(' ');
  if (!words || before.value.length === 0) return null;
  const isNumber = before.kind === 'number';
  if (isNumber !== /^[$€£]?\d/.test(words[0] ?? '')) return null;
  const value = isNumber ? [words[0] ?? '', ...before.value.slice(1)] : words;
  const terms = new Set([...before.terms].filter((term) => !before.value.includes(term)).concat(value));
  return { ...before, value, terms, isNews: true, isSingle: true };
}

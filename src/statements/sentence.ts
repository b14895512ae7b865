import { type DateMention, datesIn } from '../english/dates.ts';
import { prose } from '../english/prose.ts';
import { type Range, sentenceRanges } from '../english/sentences.ts';
import { stanceOf, withoutQuotations } from '../english/stance.ts';
import { isEnglish } from '../english/words.ts';
import { type Change, changesOf, clausesOf } from './change.ts';
import { type Claim, claimOf } from './claim.ts';
import { keyOf } from './word.ts';

/** A text that somebody wrote or said at some time. */
export interface Told {
  readonly content: string;
  /** `message` for a dialogue; of `json` nothing is read. */
  readonly source: string;
  readonly referenceTime: Date;
}

/** A sentence that says how something is, or what has changed. */
export interface ReadSentence extends Range {
  readonly text: string;
  readonly dates: readonly DateMention[];
  /** Environments and branches that it speaks of, itself or by its headings. */
  readonly scope: string;
  readonly claims: readonly Claim[];
  /** Of those of its parts that do more than add something. */
  readonly changes: readonly Change[];
  /** Whether another value may end what was said before. */
  readonly isFirm: boolean;
  /** Whether it says more than its one claim, so that not all of it ends with that. */
  readonly isCompound: boolean;
}

/** More than these of a text are not looked at. */
const MOST = 1_000;
const LONGEST = 500;
/** What a colleague reports counts where it names both what was and what is: "Tom says the launch moved from 1 to 20 April". */
const REPORTED_CHANGE =
  /^(?:[^:"“]{1,40}: )?\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)? (?:says|said|reports|reported|confirms|confirmed|announced|tells us|told us)(?: that|,)? (.+ from .+ to .+)$/u;
/** A plan with a day says how things stand: "the launch is planned for 1 April". */
const PLANNED_DAY =
  /(?<=\b(?:is|are) )planned for (?=(?:the )?\d{1,2}(?:st|nd|rd|th)? |\d{4}-|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d)/i;
const SCOPES =
  /(?<![\w.-])(?:(prod(?:uction)?|staging|dev(?:elopment)?|local(?:ly|host)?|preview|qa|uat|sandbox|canary|beta|demo|ci|guests?|on-prem(?:ises)?|[\w/.-]+ branch)|(?:in|for|on|during|under) (?:the |our |all )?(?:\w+ )?(tests?|benchmarks?))(?![\w-]|\.\w)/gi;
const SAME_SCOPE = new Map([
  ['production', 'prod'],
  ['development', 'dev'],
  ['locally', 'local'],
  ['localhost', 'local'],
  ['tests', 'test'],
  ['guest', 'guests'],
  ['benchmarks', 'benchmark'],
  ['on-premises', 'on-prem'],
]);

/** The sentences of a text by which statements begin or end, with their places in it. */
export function sentencesOf({ content, source, referenceTime }: Told): ReadSentence[] {
  if (source === 'json' || source === 'fact_triple') return [];
  const found: ReadSentence[] = [];
  let looked = 0;
  let before: Claim | undefined;
  for (const paragraph of prose(content, source === 'message')) {
    const part = content.slice(paragraph.start, paragraph.end);
    for (const range of sentenceRanges(part, paragraph.start)) {
      looked += 1;
      if (looked > MOST) return found;
      const sentence = read(content, range, paragraph.headings, referenceTime, before);
      if (!sentence) continue;
      before = sentence.claims.at(-1) ?? before;
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
  before: Claim | undefined,
): ReadSentence | null {
  if (range.end - range.start > LONGEST) return null;
  const text = content
    .slice(range.start, range.end)
    .replace(/[*`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (!/\S\s\S/.test(text)) return null;
  const unquoted = withoutQuotations(text);
  const reported = REPORTED_CHANGE.exec(unquoted)?.[1];
  const own = (reported ?? unquoted).replace(PLANNED_DAY, 'scheduled for ');
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
  const all = corrected ? [] : changesOf(firm, firm === own ? dates : datesIn(firm, reference));
  const changes = reported === undefined ? all : all.filter(({ gone, now }) => gone.length > 0 && now.length > 0);
  if (reported !== undefined && changes.length === 0) return null;
  const clauses = reported === undefined && (changes.length > 0 || !corrected) ? clausesOf(own) : [];
  const claims = corrected
    ? [corrected]
    : [
        ...clauses.flatMap((clause) => claimIn(clause, reference) ?? []),
        ...changes.flatMap((it) => claimAfter(it) ?? []),
      ];
  if (claims.length === 0 && changes.length === 0) return null;
  return {
    ...range,
    text,
    dates,
    scope: scopeOf([...headings, own].join(' ')),
    claims,
    changes,
    isFirm: stance === 'states',
    isCompound: clauses.length > 1 || /\band\b/.test(own),
  };
}

const claimIn = (clause: string, reference: Date): Claim | null => claimOf(clause, datesIn(clause, reference));

export function scopeOf(text: string): string {
  const found = [...text.matchAll(SCOPES)].map(([, name, occasion]) => {
    const lower = (name ?? occasion ?? '').toLowerCase();
    return SAME_SCOPE.get(lower) ?? lower;
  });
  return keyOf(new Set(found));
}

/** What a change says to be so now. */
function claimAfter({ subject, now, of }: Change): Claim | null {
  if (now.length === 0 || subject.length === 0 || of === 'name') return null;
  const terms = new Set([...subject, ...now]);
  const kind = now.length === 2 && /^v?\d/.test(now[1] ?? '') ? 'version' : 'name';
  return {
    terms,
    subject,
    verb: of === 'role' ? 'own' : 'use',
    value: now,
    kind,
    key: keyOf(subject),
    isSingle: false,
    isNews: true,
  };
}

const CORRECTED =
  /^(?:no|correction|sorry|actually|oops|wrong)\b[,:;. –—-]+(?:it|that|this|they|he|she)(?:'s|’s| is| are| was)?(?: (?:on|in|at|called|now|actually))* (?<value>[^\s,;]+(?: [^\s,;]+)?)[.!]?$/i;

/** "No, it is 8081" after "the proxy listens on 8080". */
function correctionOf(text: string, before: Claim): Claim | null {
  const words = CORRECTED.exec(text)?.groups?.value?.toLowerCase().replace(/[.!]$/, '').split(' ');
  if (!words || before.value.length === 0) return null;
  const isNumber = before.kind === 'number';
  if (isNumber !== /^[$€£]?\d/.test(words[0] ?? '')) return null;
  const value = isNumber ? [words[0] ?? '', ...before.value.slice(1)] : words;
  const terms = new Set([...before.terms].filter((term) => !before.value.includes(term)).concat(value));
  return { ...before, value, terms, isNews: true, isSingle: true };
}

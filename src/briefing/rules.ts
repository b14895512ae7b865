import { withoutQuotations } from '../english/stance.ts';
import { queryTerms } from '../passages/terms.ts';
import { oneLine } from '../text.ts';
import { type UserSentence, userSentences } from './typed-by-user.ts';

/** A standing rule or a preference, in the user's own words. */
export interface Rule {
  readonly text: string;
  readonly isNegative: boolean;
  /** The rule's subject, without the words that mark it as a rule. */
  readonly terms: readonly string[];
  /** The alternative that the rule forbids, if it names both. */
  readonly rejects: readonly string[];
}

/** Words of passages that may contain a rule; the search for rules uses them. */
export const RULE_WORDS =
  'always never prefer preferred use avoid remember rule rules convention forward future stop confirm confirmed answer reply immer niemals bitte künftig 始终 总是 永远 务必 一律 以后 今后 现在 从今 切勿 禁止 绝不 不要 喜欢 偏好 我们 记住';

const [SHORTEST, LONGEST] = [6, 240];
const PLACE =
  'in (?:this|our|the|my|all|every) (?:[\\w-]+ )?(?:repo(?:sitory)?|project|codebase|code|tests?|projects|workspace|docs|commits?)';
const LEAD = new RegExp(
  `^(?:(?:ok(?:ay)?|and|also|but|btw|by the way|note|important|remember(?: that| to)?|please|so|oh|no|yes|thanks|one more thing|reminder|${PLACE}|(?:when|whenever|before|after|for|if) [^,.;:]{3,60}(?=,))[,:;!—–-]*\\s+)+`,
  'i',
);
const CHINESE =
  /^(?:请|以后|今后|从现在(?:起|开始)|从今(?:以后|往后)|记住[，,：:]?)*(?:始终|总是|永远|务必|一律|千万|切勿|禁止|绝不|(?:以后|今后|从现在(?:起|开始)|从今以后|记住|请).{0,12}(?:都|要|不要|勿|只|用|使用)|(?:我|我们)(?:更|比较|一般)?(?:喜欢|偏好|倾向)|(?:我|我们)(?:只|一律|都|总是)?(?:使用|用).{1,30}(?:而)?不(?:是|用|要))/u;
const GERMAN = /^(?:bitte )?(?:immer|niemals|nie) \p{L}|^(?:ab (?:jetzt|sofort)|künftig|in zukunft)\b/iu;
/** Words of a one-time request. */
const ONCE =
  /\b(?:now|yet|today|tomorrow|this time|for now|for the moment|just|first|here|until|next|instead\?|above|below|this (?:file|function|test|line|one|change|branch|pr|commit|bug|case|task)|in this (?:pr|commit|change|case|function|file|test|session))\b/i;
const REPORTED =
  /\b(?:said|says|claims?|wrote|according to|told (?:me|us)|suggests?|recommends?|readme|i think|i guess|maybe|perhaps)\b/i;
const NOT_IMPERATIVE =
  /^(?:mind|ever|been|being|had|was|were|is|are|seen|got|gotten|saw|knew|found|did|does|has|gave|came|went|ran|threw|thought|meant|the|a|an|a?s|in|on|at|when|if|why|how)$/i;
const DETERMINED = /^(?:the|this|that|these|those|it|them|a|an|my|your|option|both|one)\b/i;
const GENERAL_VERBS =
  'use|add|write|commit|push|mock|create|put|log|mention|include|say|ask|answer|reply|import|install|generate|force-push|squash|amend|apologi[sz]e|explain|summari[sz]e|touch|edit|deploy|release|merge';
const DIRECTIVES: readonly ((text: string) => boolean)[] = [
  (text) => isImperative(/^(?:always|never) ([\p{L}-]+)/iu.exec(text)?.[1]),
  (text) =>
    isImperative(
      /^(?:(?:i want |i need )?(?:you|we|i)(?: should| must| need to| have to| want you to| want to)? (?:to )?)(?:always|never|only) ([\p{L}-]+)/iu.exec(
        text,
      )?.[1],
    ),
  (text) => /^(?:you |we )?(?:must|should) (?:always|never) /i.test(text),
  (text) =>
    /^(?:from now on|going forward|henceforth|in (?:the )?future|as a (?:general )?rule)[,:]? (?!the\b|a\b|an\b|it\b|this\b|that\b|there\b)\S+ \S/i.test(
      text,
    ),
  (text) =>
    /^(?:[\p{L}-]+) .{3,}(?:from now on|going forward|in (?:the )?future)[.!]?$/iu.test(text) &&
    isImperative(text.split(' ')[0]),
  (text) =>
    /^(?:i|we)(?:['’]d| would| really| strongly| generally| usually| always| also)* prefer (?!(?:this|that|it|option|these|those|the (?:first|second|third|last|latter|former|other))\b)/i.test(
      text,
    ),
  (text) => /^my (?:preferred|favou?rite) [\p{L} -]{2,40} is |^my preference is /iu.test(text),
  (text) =>
    !ONCE.test(text) &&
    isUse(/^use (.+)/i.exec(text)?.[1]) &&
    /(?:, ?(?:and )?not| instead of| rather than) /i.test(text),
  (text) => /^(?:we|i) (?:only |always |all )?use .+(?:, ?(?:and )?not| instead of| rather than) /i.test(text),
  (text) =>
    !ONCE.test(text) &&
    new RegExp(`^(?:do not|don['’]t) (?:ever |${GENERAL_VERBS}\\b)`, 'i').test(text) &&
    !/^(?:do not|don['’]t) \S+ (?:the|this|that|it|them|these|those|your|my)\b/i.test(text),
  (text) =>
    /^(?:do not|don['’]t) .+(?:\bunless\b|\bwithout (?:asking|my|telling)|\bany ?more\b|\bagain\b|\bin (?:this|our) (?:repo|project|codebase))/i.test(
      text,
    ),
  (text) =>
    !ONCE.test(text) && /^stop (?:using|adding|writing|mentioning|apologi[sz]ing|explaining|creating) /i.test(text),
  (text) => /^i (?:do not|don['’]t) (?:want|like) (?:you to |any |to see )/i.test(text) && !ONCE.test(text),
  (text) => CHINESE.test(text),
  (text) => GERMAN.test(text),
];
/** After "please" these verbs make a standing rule, unless they name one particular object. */
const PLEASE = /^(?:use|avoid) (.+)/i;
const SPEAK = /^(?:answer|reply|respond|speak|write to me|talk)(?: to me)? (?:only )?in \p{L}+/iu;

/** The rules in the user's text. Recognizes only clear rules: a one-time request, a question, a report or a quotation is not a rule. */
export function rulesIn(words: string): Rule[] {
  return userSentences(words).flatMap((sentence) => {
    const text = oneLine(sentence.text);
    return isRule(text, sentence) ? [ruleOf(text)] : [];
  });
}

function isRule(text: string, { isListedRule }: UserSentence): boolean {
  if (text.length < SHORTEST || text.length > LONGEST || /(?:[?？]|[吗呢][。.]?)["')\]]?$/u.test(text)) return false;
  const own = withoutQuotations(text).trim();
  if (/^["'“‘«「]/.test(own) || REPORTED.test(own)) return false;
  if (isListedRule) return true;
  const lead = LEAD.exec(own)?.[0] ?? '';
  const bare = own.slice(lead.length);
  if (/\bplease\b/i.test(lead) && !ONCE.test(bare) && (isUse(PLEASE.exec(bare)?.[1]) || SPEAK.test(bare))) return true;
  return [own, bare].some((form) => DIRECTIVES.some((directs) => directs(form)));
}

/** "Always fails" and "never worked" are reports; "always pass" is a directive. */
function isImperative(verb: string | undefined): boolean {
  if (verb === undefined || NOT_IMPERATIVE.test(verb)) return false;
  return !/[^siu]s$/i.test(verb) && (!/ed$/i.test(verb) || /(?:eed|embed|shed)$/i.test(verb));
}

const isUse = (object: string | undefined): boolean => object !== undefined && !DETERMINED.test(object);

const NEGATIVE = /\b(?:never|do not|don['’]t|stop|avoid|nie|niemals|not)\b|不要|禁止|切勿|绝不|永远不|勿|别/iu;
const REJECTS = /(?:,? (?:and )?not| instead of| rather than| over|[，,]?(?:而)?不(?:是|用|要))\s*(.+?)[.!。！]?$/iu;
const RULE_TERMS = new Set(
  queryTerms(
    'always never prefer preferred favourite use uses using avoid stop remember rule future forward now please we i you do want like 始终 总是 永远 务必 一律 使用 请用',
  ),
);

export function ruleOf(given: string): Rule {
  const text = oneLine(given);
  const rejected = REJECTS.exec(text)?.[1] ?? '';
  const kept = rejected === '' ? text : text.slice(0, text.length - rejected.length);
  const isNegative = rejected === '' && NEGATIVE.test(text);
  return { text, isNegative, terms: topicTerms(kept), rejects: topicTerms(rejected) };
}

const topicTerms = (text: string): string[] => queryTerms(text).filter((term) => !RULE_TERMS.has(term));

/** Whether a later rule replaces an earlier one. In doubt both are kept, with their dates. */
export function replacesRule(later: Rule, { text, isNegative, terms }: Rule): boolean {
  if (later.text.toLowerCase() === text.toLowerCase()) return true;
  const isSame = terms.length > 0 && sameTerms(terms, later.terms);
  if (isSame) return true;
  return !isNegative && later.rejects.length > 0 && sameTerms(terms, later.rejects);
}

const sameTerms = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((term) => other.includes(term));

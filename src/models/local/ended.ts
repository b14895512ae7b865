import type { Mention } from './mentions.ts';
import type { Sentence } from './reading.ts';
import { HYPOTHETICAL } from './vocabulary.ts';

/** "Harbor replaced Redis by Valkey": `holder` Harbor, `gone` Redis, `successor` Valkey. */
export interface Ending {
  readonly holder: Mention;
  readonly gone: Mention;
  readonly successor: Mention | null;
}

const FEW_WORDS = '(?:[^ <>]+ ){0,4}';
const OWN = '(?:the |its |our |their |his |her |my |all )?';
const HOLDER = '<(?<holder>\\d+)>';
const GONE = '<(?<gone>\\d+)>';
const SUCCESSOR = '<(?<successor>\\d+)>';
const HELPERS = '(?:has |have |had |just |now |recently |finally |also |completely |fully ){0,3}';
/** Over a sentence in which names are numbers in angle brackets and all else is in lower case. */
const ENDINGS = [
  `${HOLDER} ${HELPERS}(?:switched|moved|migrated|changed|went|upgraded|transitioned) ${FEW_WORDS}from ${OWN}${GONE} ${FEW_WORDS}to ${FEW_WORDS}${SUCCESSOR}`,
  `(?:i|we) ${HELPERS}(?:switched|moved|migrated|changed|transitioned) ${OWN}${HOLDER} ${FEW_WORDS}from ${OWN}${GONE} ${FEW_WORDS}to ${FEW_WORDS}${SUCCESSOR}`,
  `(?:i|we) ${HELPERS}(?:replaced|swapped) ${OWN}${GONE} ${FEW_WORDS}(?:with|by|for) ${FEW_WORDS}${SUCCESSOR} (?:in|on|at) ${OWN}${HOLDER}`,
  `${HOLDER} ${HELPERS}(?:replaced|swapped|exchanged) ${OWN}${GONE} ${FEW_WORDS}(?:with|by|for) ${FEW_WORDS}${SUCCESSOR}`,
  `${HOLDER} ${HELPERS}(?:dropped|abandoned|ditched|retired) ${FEW_WORDS}${GONE}(?: ${FEW_WORDS}(?:for|in favou?r of) ${FEW_WORDS}${SUCCESSOR})?`,
  `${HOLDER} ${HELPERS}no longer [^ <>]+ ${FEW_WORDS}${GONE}`,
  `${HOLDER} (?:does not|doesn't|don't) [^ <>]+ ${FEW_WORDS}${GONE} (?:any ?more|any longer)`,
  `${HOLDER} ${HELPERS}(?:stopped|quit|ceased) [^ <>]+ing ${FEW_WORDS}${GONE}`,
  `${GONE} (?:is|was|are|were|has been|have been) ${HELPERS}(?:gone|removed|dropped|retired) from ${OWN}${HOLDER}`,
  `(?:i|we) ${HELPERS}(?:removed|dropped) ${OWN}${GONE} from ${OWN}${HOLDER}`,
  `(?:in|at) ${OWN}${HOLDER} ${FEW_WORDS}${GONE} (?:was|is|has been|were|have been) ${HELPERS}replaced (?:with|by) ${FEW_WORDS}${SUCCESSOR}`,
].map((form) => new RegExp(`(?<![^ ])${form}(?![^ ])`));

/**
 * What a sentence says has ended between two things that it names, where its words leave no doubt. `named` holds its names
 * and noun phrases; `self` stands for "I" and "we".
 */
export function endingIn(sentence: Sentence, named: readonly Mention[], self: Mention | null): Ending | null {
  if (HYPOTHETICAL.test(sentence.text.replace(NO_MORE, ''))) return null;
  const outline = outlineOf(sentence, named);
  const everybody = self ? [...named, self] : named;
  const outlineWithSelf = self ? outline.replace(/(?<![^ ])(?:i|we)(?![^ ])/, `<${named.length}>`) : outline;
  return matchIn(outline, everybody) ?? matchIn(outlineWithSelf, everybody);
}

/** Its "don't" denies nothing that the pattern would need. */
const NO_MORE = /\b(?:does not|doesn't|do not|don't)\b(?=.{0,80}\bany ?(?:more|longer)\b)/i;

function matchIn(outline: string, named: readonly Mention[]): Ending | null {
  for (const form of ENDINGS) {
    const groups = form.exec(outline)?.groups;
    const holder = named[Number(groups?.holder)];
    const gone = named[Number(groups?.gone)];
    if (holder && gone) return { holder, gone, successor: named[Number(groups?.successor)] ?? null };
  }
  return null;
}

function outlineOf(sentence: Sentence, named: readonly Mention[]): string {
  const words: string[] = [];
  for (let index = 0; index < sentence.tokens.length; index++) {
    const place = named.findIndex((mention) => mention.first <= index && index <= mention.last);
    if (place < 0) words.push(plainWord(sentence.tokens[index]?.lower ?? ''));
    else if (named[place]?.first === index) words.push(`<${place}>`);
  }
  return words.filter((word) => word !== '').join(' ');
}

function plainWord(word: string): string {
  return word.replace(/[<>]/g, '');
}

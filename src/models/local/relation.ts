import type { Mention } from './mentions.ts';
import type { Token } from './tagging.ts';

export const FALLBACK_RELATION = 'RELATES_TO';

export const PREPOSITIONS = new Set(
  'in on at to from with by for of into over under via through as about against between onto within without than around after before'.split(
    ' ',
  ),
);
const PARTICLES = new Set(['up', 'out', 'off', 'down', 'away', 'back', 'along']);
const HAVE = new Set(['have', 'has', 'had', 'having']);
const BE = new Set(['be', 'am', 'is', 'are', 'was', 'were', 'been', 'being']);
const MOST_WORDS = 5;

/** What the verb nearest before the target says, with the preposition that leads to the target: `KEEPS_IN`. */
export function relationTo(tokens: readonly Token[], source: Mention | null, target: Mention): string | null {
  const from = source && source.first < target.first ? source.last + 1 : 0;
  const verb = lastVerb(tokens, from, target.first) ?? lastVerb(tokens, 0, target.first);
  if (!verb) return null;
  const words = verbWords(tokens, verb.first, verb.last);
  const next = tokens[verb.last + 1];
  let at = verb.last + 1;
  if (next && PARTICLES.has(next.lower)) {
    words.push(next.lower);
    at++;
  }
  words.push(...leadTo(tokens, at, target.first, BE.has(tokens[verb.last]?.lower ?? '')));
  if (tokens[target.first - 1]?.lower === 'not') words.unshift('not');
  return screaming(words);
}

export function screaming(words: readonly string[]): string | null {
  const relation = words
    .join(' ')
    .normalize('NFD')
    .replace(/[\u0300-\u036f'’]/g, '')
    .split(/[^A-Za-z\d]+/)
    .filter((word) => word !== '')
    .slice(0, MOST_WORDS)
    .join('_')
    .toUpperCase();
  return /^[A-Z]/.test(relation) ? relation : null;
}

interface Range {
  first: number;
  last: number;
}

function lastVerb(tokens: readonly Token[], from: number, to: number): Range | null {
  for (let last = to - 1; last >= from; last--) {
    if (isVerb(tokens[last])) return { first: groupStart(tokens, last, from), last };
  }
  return null;
}

/** Back over "has not been": adverbs, auxiliaries and negations that belong to the verb. */
function groupStart(tokens: readonly Token[], last: number, from: number): number {
  let first = last;
  while (first > from && (isVerb(tokens[first - 1]) || isInGroup(tokens[first - 1])) && !tokens[first - 1]?.isParted)
    first--;
  return first;
}

function isVerb(token: Token | undefined): boolean {
  return (
    token !== undefined && !token.technical && (token.tags.has('Verb') || token.tags.has('Modal')) && token.text !== ''
  );
}

function isInGroup(token: Token | undefined): boolean {
  if (!token || token.technical) return false;
  return token.tags.has('Adverb') || token.tags.has('Negative') || token.lower === 'to' || token.lower === 'no';
}

function verbWords(tokens: readonly Token[], first: number, last: number): string[] {
  const group = tokens.slice(first, last + 1);
  const isNegated = group.some((token) => token.tags.has('Negative') || /^(?:not|never|no|longer)$/.test(token.lower));
  const kept = group.filter((token, index) => keepsVerb(token, index === group.length - 1, isNegated));
  while (kept[0]?.lower === 'to') kept.shift();
  const words = kept.map((token) => token.lower);
  const subject = tokens[first - 1]?.lower ?? '';
  const isPlain =
    group.at(-1)?.tags.has('PresentTense') &&
    words.every((word) => /^(?:no|longer)$/.test(word) || word === words.at(-1));
  if (words.length === 1 && (words[0] === 'am' || words[0] === 'are')) return ['is'];
  return isPlain && /^(?:i|we)$/.test(subject) ? [...words.slice(0, -1), thirdPerson(words.at(-1) ?? '')] : words;
}

/** "I prefer" and "Mira prefers" are one relation. */
function thirdPerson(verb: string): string {
  if (verb === 'have') return 'has';
  if (/[^aeiou]y$/.test(verb)) return verb.replace(/y$/, 'ies');
  return /(?:s|x|z|ch|sh|o)$/.test(verb) ? `${verb}es` : `${verb}s`;
}

function keepsVerb(token: Token, isLast: boolean, isNegated: boolean): boolean {
  if (isLast) return true;
  if (/^(?:not|never|no|longer)$/.test(token.lower) || token.lower === 'to') return true;
  if (token.tags.has('Adverb')) return false;
  if (BE.has(token.lower) || HAVE.has(token.lower)) return isNegated && !BE.has(token.lower);
  return true;
}

/** The preposition before the target; "of" takes its noun along: `IS_TECH_LEAD_OF`. */
function leadTo(tokens: readonly Token[], from: number, to: number, isCopula: boolean): string[] {
  let index = to - 1;
  while (index >= from && to - index <= 3 && isQualifier(tokens[index])) index--;
  const preposition = tokens[index];
  if (index < from || !preposition || preposition.technical || !PREPOSITIONS.has(preposition.lower)) return [];
  const nouns = tokens.slice(from, index);
  const before = tokens[index - 1]?.lower ?? '';
  if (preposition.lower === 'of' && /^(?:instead|because)$/.test(before)) return [before, 'of'];
  if (nouns.length === 0) return [preposition.lower];
  const isShort = nouns.length <= 4 && nouns.every(isCommon);
  const taken = isCopula || preposition.lower === 'of' || nouns.every((token) => token.tags.has('Adjective'));
  if (!taken) return [preposition.lower];
  return isShort ? [...nouns.filter(isContent).map((token) => token.lower), preposition.lower] : [];
}

function isQualifier(token: Token | undefined): boolean {
  if (!token || token.technical || token.isParted || PREPOSITIONS.has(token.lower)) return false;
  return token.tags.has('Determiner') || token.tags.has('Possessive') || token.tags.has('Adjective');
}

function isCommon(token: Token): boolean {
  return !token.technical && !token.isParted && !/^\p{Lu}/u.test(token.text);
}

function isContent(token: Token): boolean {
  return !token.tags.has('Determiner') && !token.tags.has('Possessive') && !token.tags.has('Adverb');
}

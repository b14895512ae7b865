import type { Mention } from './mentions.ts';
import { PREPOSITIONS } from './relation.ts';
import type { Token } from './tagging.ts';
import { EMPTY_ADJECTIVES, EMPTY_NOUNS } from './vocabulary.ts';

const MOST_WORDS = 3;
const SHORTEST = 3;
const NO_PART = /^(?:my|our|your|his|her|their|its|both|others)$/;
const NEVER = [
  'Pronoun',
  'Determiner',
  'Date',
  'Preposition',
  'Conjunction',
  'QuestionWord',
  'Expression',
  'Url',
  'Emoji',
];

/** The common things ("green tea") that a sentence speaks of, in its order, named parts left out. */
export function nounPhrases(tokens: readonly Token[], mentions: readonly Mention[]): Mention[] {
  const named = new Set(mentions.flatMap(({ first, last }) => range(first, last)));
  const found: Mention[] = [];
  for (let first = 0; first < tokens.length; first++) {
    let last = first - 1;
    while (belongs(tokens, last + 1, named) && !(last >= first && tokens[last]?.isParted)) last++;
    if (last < first) continue;
    const phrase = phraseIn(tokens, first, last);
    if (phrase && !named.has(last + 1)) found.push(phrase);
    first = last;
  }
  return found;
}

/** "30 days": what is left to name where a sentence has one thing only. */
export function measures(tokens: readonly Token[]): Mention[] {
  return tokens.flatMap((token, first) => {
    const unit = tokens[first + 1];
    if (!token.tags.has('Value') || token.isParted || !unit?.tags.has('Noun') || unit.technical) return [];
    return [{ thing: { name: `${token.text} ${unit.text}`, type: 'Entity' }, first, last: first + 1 }];
  });
}

function belongs(tokens: readonly Token[], index: number, named: ReadonlySet<number>): boolean {
  const token = tokens[index];
  if (!token || named.has(index) || token.technical || token.isPossessive || !/\p{L}/u.test(token.text)) return false;
  if (NO_PART.test(token.lower)) return false;
  if (NEVER.some((tag) => token.tags.has(tag)) || token.tags.has('Value') || PREPOSITIONS.has(token.lower))
    return false;
  return token.tags.has('Noun') || token.tags.has('Adjective');
}

function phraseIn(tokens: readonly Token[], from: number, to: number): Mention | null {
  let last = to;
  while (last >= from && !isHead(tokens[last])) last--;
  let first = Math.max(from, last - MOST_WORDS + 1);
  while (first < last && EMPTY_ADJECTIVES.has(tokens[first]?.lower ?? '')) first++;
  const head = tokens[last];
  if (!head || last < first || EMPTY_NOUNS.has(head.lower) || EMPTY_ADJECTIVES.has(head.lower)) return null;
  const words = tokens.slice(first, last + 1);
  const isName = /^\p{Lu}/u.test(words[1]?.text ?? '');
  const name = words
    .map((token, index) => (first + index || isName ? token.text : uncapitalised(token.text)))
    .join(' ');
  if (name.length < SHORTEST || !/\p{L}{2}/u.test(name) || name.length > 60) return null;
  return { thing: { name, type: 'Entity' }, first, last };
}

/** The tagger takes every hyphenated word for an adjective. */
function isHead(token: Token | undefined): boolean {
  return token !== undefined && (token.tags.has('Noun') || token.tags.has('Hyphenated'));
}

function uncapitalised(word: string): string {
  return /^\p{Lu}\p{Ll}/u.test(word) ? word.charAt(0).toLowerCase() + word.slice(1) : word;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

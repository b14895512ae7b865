import type { Token } from './tagging.ts';
import { HUMAN_VERBS, PRODUCT_VERBS, WELL_KNOWN_PRODUCTS } from './vocabulary.ts';

export interface NameContext {
  readonly tokens: readonly Token[];
  readonly first: number;
  readonly last: number;
}

const COMPANY = /^(?:Inc|Ltd|LLC|GmbH|Corp|Corporation|Foundation|University|Institute|Company|Bank|Group|Labs)$/;

/** The label for a proper name from the tagger's lexicon, its own words and the verb beside it. */
export function nameType(tokens: readonly Token[], first: number, last: number): string {
  const name = tokens.slice(first, last + 1);
  if (name.some((token) => WELL_KNOWN_PRODUCTS.has(token.lower)) || isNumbered(name)) return 'Product';
  if (name.some((token) => COMPANY.test(token.text))) return 'Organization';
  if (isPerson(name)) return 'Person';
  if (name.every((token) => token.tags.has('Place'))) return 'Place';
  return typeFromVerbs(tokens, first, last);
}

function isNumbered(name: readonly Token[]): boolean {
  return name.length > 1 && /^(?:\d+|\p{Lu}+\d+)$/u.test(name.at(-1)?.text ?? '') && name[0]?.lower !== 'rfc';
}

function isPerson(name: readonly Token[]): boolean {
  if (name.length > 3) return false;
  const [given, ...others] = name;
  if (!given) return false;
  const isGiven = given.tags.has('FirstName') || (given.tags.has('Person') && !given.tags.has('Place'));
  return isGiven && others.every((token) => !token.tags.has('Place') && !token.tags.has('Acronym'));
}

function typeFromVerbs(tokens: readonly Token[], first: number, last: number): string {
  const before = tokens[first - 1]?.lower ?? '';
  const after = tokens[last + 1]?.lower ?? '';
  const isWord = tokens.slice(first, last + 1).every((token) => /^\p{Lu}[\p{Ll}'’-]+$/u.test(token.text));
  if (first === 0 && isWord && last < 2 && HUMAN_VERBS.has(after)) return 'Person';
  const isEmployer = /^(?:at|for|by|joined|from|with)$/.test(before);
  if (isWord && isEmployer && tokens[first]?.tags.has('Organization')) return 'Organization';
  return isWord && PRODUCT_VERBS.has(before) ? 'Product' : 'Entity';
}

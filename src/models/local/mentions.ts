import { type NameContext, nameType } from './name-types.ts';
import type { NamedThing } from './named-thing.ts';
import { normalised } from './named-thing.ts';
import type { Token } from './tagging.ts';
import { ALSO_COMMON_WORDS, NO_NAMES, NO_SUBJECT_NAMES, WELL_KNOWN_PRODUCTS } from './vocabulary.ts';

/** A thing where a sentence names it: the tokens from `first` up to and including `last`. */
export interface Mention {
  readonly thing: NamedThing;
  readonly first: number;
  readonly last: number;
  readonly wider?: NamedThing;
  readonly isWeak?: boolean;
}

const LONGEST_NAME = 4;
/** "Rianne de Boer" */
const LINKS = new Set([
  'de',
  'van',
  'von',
  'der',
  'den',
  'del',
  'della',
  'da',
  'di',
  'du',
  'ter',
  'ten',
  'bin',
  'al',
  'el',
]);
const ACRONYM = /^[A-Z]{2,6}\d?$/;
const ACRONYMS = /^[A-Z]{2,5}s$/;
const NAME = /^\p{L}[\p{L}\p{N} .&'’+#-]*$/u;
/** "5 MB", "180 mm/s", "180 EUR" */
const UNIT =
  /^(?:[kKMGTP]i?[Bb](?:\/s|ps)?|[µmkcdn]?(?:m|s|g|A|V|W|Hz|h|l)(?:\/(?:s|h|min))?|°[CF]|rpm|EUR|USD|GBP|CHF|SEK|MHz|GHz|px|dpi|fps|p\d\d)$/;
/** "JSON-compatible" */
const DESCRIPTION = /-\p{Ll}/u;
const SHOUTED = /^\p{Lu}{2,}$/u;
/** "Documentation", "Painting": nouns that often begin a sentence and are no names. */
const ABSTRACT = /(?:tion|sion|ment|ness|ity|ing|ance|ence|ism|ship|age|ure|s)$/i;

/** Everything that a sentence names, in its order. `known` holds names seen where no doubt was possible. */
export function mentionsIn(tokens: readonly Token[], known: ReadonlySet<string>, isGerman = false): Mention[] {
  // Where every word has a capital letter, capital letters tell nothing.
  const isTitle = isGerman || isTitleCase(tokens);
  const found: Mention[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const mention =
      technicalAt(tokens, index) ?? smallProductAt(tokens, index) ?? (isTitle ? null : properAt(tokens, index, known));
    if (!mention) continue;
    if (UNIT.test(mention.thing.name) && tokens[index - 1]?.tags.has('Value')) continue;
    found.push(mention);
    index = mention.last;
  }
  return found;
}

/** In a line where every word has a capital letter, capital letters tell nothing. */
function isTitleCase(tokens: readonly Token[]): boolean {
  const words = tokens.filter((token) => !token.technical && !token.tags.has('Date') && /\p{L}/u.test(token.text));
  return words.length > 4 && words.filter(isCapitalised).length > words.length * 0.75;
}

/** Names whose capital letter is not owed to the beginning of a sentence. */
export function certainNames(tokens: readonly Token[]): string[] {
  return mentionsIn(tokens, new Set())
    .filter((mention) => mention.first > 0)
    .map((mention) => normalised(mention.thing.name));
}

function technicalAt(tokens: readonly Token[], index: number): Mention | null {
  const technical = tokens[index]?.technical;
  if (!technical?.thing) return null;
  const { thing, wider, isWeak } = technical;
  const isProduct =
    thing.type === 'Product' || (thing.type === 'Identifier' && /^[A-Z][a-z]+[A-Z][A-Za-z]+$/.test(thing.name));
  const last = isProduct ? endOfProduct(tokens, index) : index;
  if (last === index) return { thing, first: index, last, wider, isWeak };
  const more = tokens.slice(index + 1, last + 1).map((token) => token.text);
  return { thing: { name: [thing.name, ...more].join(' '), type: 'Product' }, first: index, last };
}

/** "GitHub Actions", "iPhone 15" */
function endOfProduct(tokens: readonly Token[], first: number): number {
  let last = first;
  while (last - first < 2 && !isBoundary(tokens, last) && isNameWord(tokens[last + 1])) last++;
  return !isBoundary(tokens, last) && isVersionNumber(tokens, last + 1) ? last + 1 : last;
}

/** "node 18", "redis": product names that are often written small. */
function smallProductAt(tokens: readonly Token[], first: number): Mention | null {
  const token = tokens[first];
  if (!token || token.technical || isCapitalised(token) || !WELL_KNOWN_PRODUCTS.has(token.lower)) return null;
  const isNumbered = !token.isParted && isVersionNumber(tokens, first + 1);
  if (!isNumbered && ALSO_COMMON_WORDS.has(token.lower)) return null;
  const name = isNumbered ? `${token.text} ${tokens[first + 1]?.text}` : token.text;
  return { thing: { name, type: 'Product' }, first, last: isNumbered ? first + 1 : first };
}

function properAt(tokens: readonly Token[], first: number, known: ReadonlySet<string>): Mention | null {
  if (!isNameWord(tokens[first])) return null;
  let last = first;
  for (;;) {
    const isLinked =
      LINKS.has(tokens[last + 1]?.lower ?? '') &&
      !isBoundary(tokens, last + 1) &&
      isNameWord(tokens[last + 2]) &&
      tokens[last + 1]?.lower === tokens[last + 1]?.text;
    if (last - first >= LONGEST_NAME || isBoundary(tokens, last)) break;
    if (isLinked) last += 2;
    else if (isNameWord(tokens[last + 1])) last += 1;
    else break;
  }
  if (last - first >= LONGEST_NAME) return null;
  if (first === 0 && !beginsWithName(tokens, last, known)) return last > 0 ? properAt(tokens, 1, known) : null;
  if (!tokens[last]?.isParted && isVersionNumber(tokens, last + 1)) last++;
  else if (first === last) last = phraseOfAcronym(tokens, first);
  const words = tokens.slice(first, last + 1).map((token) => token.text);
  const thing = { name: words.join(' '), type: nameType(tokens, first, last) };
  return isAcceptable(thing, { tokens, first, last }) ? { thing, first, last } : null;
}

function isAcceptable(thing: NamedThing, { tokens, first, last }: NameContext): boolean {
  if (thing.name.length < 2 || thing.name.length > 80 || !NAME.test(thing.name)) return false;
  if (first === last && ACRONYMS.test(thing.name)) return false;
  return first !== last || !NO_NAMES.has(tokens[first]?.lower ?? '');
}

function isNameWord(token: Token | undefined): boolean {
  if (!token || token.technical || !isCapitalised(token)) return false;
  if (DESCRIPTION.test(token.text) || token.tags.has('Date') || token.tags.has('Pronoun') || NO_NAMES.has(token.lower))
    return false;
  if (SHOUTED.test(token.text) && !ACRONYM.test(token.text)) return token.tags.has('Person') || token.tags.has('Place');
  return token.text.length > 1 || token.tags.has('Person');
}

function isCapitalised(token: Token): boolean {
  return /^\p{Lu}/u.test(token.text);
}

function isBoundary(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  return !token || token.isParted || token.isPossessive;
}

/** "Valkey 8": a small number that counts nothing. */
function isVersionNumber(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  const next = tokens[index + 1];
  const counts = next && !token?.isParted && next.tags.has('Plural');
  if (!token || token.tags.has('Date') || counts) return false;
  return /^(?:\d{1,2}|20\d\d|365)$/.test(token.text) || (tokens[index - 1]?.text === 'RFC' && /^\d+$/.test(token.text));
}

/** The first word of a sentence has its capital letter anyway; it is a name where grammar or another sentence says so. */
function beginsWithName(tokens: readonly Token[], last: number, known: ReadonlySet<string>): boolean {
  const [first] = tokens;
  if (!first) return false;
  const name = tokens
    .slice(0, last + 1)
    .map((token) => token.text)
    .join(' ');
  if (known.has(normalised(name)) || known.has(first.lower) || first.isPossessive) return true;
  if (['Person', 'City', 'Country', 'Region'].some((tag) => first.tags.has(tag)) || ACRONYM.test(first.text))
    return true;
  if (last > 0) return !first.tags.has('Verb') && !first.tags.has('Adverb') && !first.tags.has('Determiner');
  if (isVersionNumber(tokens, 1) || first.tags.has('ProperNoun')) return true;
  return isBareSubject(first, tokens[1]) || (tokens[1]?.lower === 'and' && isSingular(first) && isNameWord(tokens[2]));
}

/** "Harbor keeps …", "Harbor, the service, …": a singular noun without an article before a finite verb or an apposition. */
function isBareSubject(first: Token, next: Token | undefined): boolean {
  if (!next || !isSingular(first)) return false;
  if (first.isParted) return next.tags.has('Determiner');
  const isNegatedVerb = next.lower === 'no' || next.tags.has('Adverb');
  return next.tags.has('Verb') || next.tags.has('Modal') || next.tags.has('Copula') || isNegatedVerb;
}

function isSingular(token: Token): boolean {
  if (!token.tags.has('Noun') || token.tags.has('Plural') || token.tags.has('Uncountable')) return false;
  return !ABSTRACT.test(token.text) && !NO_SUBJECT_NAMES.has(token.lower);
}

/** "LGBTQ support group", "HTTP adapter": letters alone seldom are what is meant. */
function phraseOfAcronym(tokens: readonly Token[], index: number): number {
  const token = tokens[index];
  if (!token || !ACRONYM.test(token.text)) return index;
  let last = index;
  while (last - index < 2 && !isBoundary(tokens, last) && isPlainNoun(tokens[last + 1])) last++;
  return last;
}

function isPlainNoun(token: Token | undefined): boolean {
  if (!token || token.technical || isCapitalised(token)) return false;
  return token.tags.has('Noun') && !token.tags.has('Pronoun') && !token.tags.has('Date') && !token.tags.has('Value');
}

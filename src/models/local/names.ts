import { sameKey } from '../../text.ts';
import type { NamedThing } from './spelling.ts';
import type { Token } from './tagging.ts';
import { ALSO_COMMON_WORDS, NO_NAMES, NO_SUBJECT_NAMES, ORDERS, WELL_KNOWN_PRODUCTS } from './vocabulary.ts';

/** A thing where a sentence names it: the tokens from `first` up to and including `last`. */
export interface Mention {
  readonly thing: NamedThing;
  readonly first: number;
  readonly last: number;
  /** The package of a version. */
  readonly product?: NamedThing;
}

/** Words of a name. */
const LONGEST_NAME = 4;
/** "Rianne de Boer" */
const LINKS = new Set('de van von der den del della da di du ter ten bin al el'.split(' '));
const ACRONYM = /^[A-Z]{2,6}\d?$/;
const ACRONYMS = /^[A-Z]{2,5}s$/;
const NAME = /^\p{L}[\p{L}\p{N} .&'’+#-]*$/u;
/** "5 MB", "180 mm/s", "180 EUR" */
const UNIT =
  /^(?:[kKMGTP]i?[Bb](?:\/s|ps)?|[µmkcdn]?(?:m|s|g|A|V|W|Hz|h|l)(?:\/(?:s|h|min))?|°[CF]|rpm|EUR|USD|GBP|CHF|SEK|MHz|GHz|px|dpi|fps|p\d\d|dB)$/;
/** "JSON-compatible" */
const DESCRIPTION = /-\p{Ll}/u;
const SHOUTED = /^\p{Lu}{2,}$/u;
/** "Documentation", "Painting": nouns that often begin a sentence and are no names. */
const ABSTRACT = /(?:tion|sion|ment|ness|ity|ing|ance|ence|ism|ship|age|ure|s)$/i;
const COMPANY = /^(?:Inc|Ltd|LLC|GmbH|Corp|Corporation|Foundation|University|Institute|Company|Bank|Group|Labs)$/;

/**
 * Everything that a sentence names, in its order: by spelling, by a list of well-known products, and by capital letters that are not owed
 * to the beginning of the sentence.
 * @param known names seen where no doubt was possible
 */
export function mentionsIn(tokens: readonly Token[], known: ReadonlySet<string>, isGerman = false): Mention[] {
  const found: Mention[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const mention =
      spelledAt(tokens, index) ?? productAt(tokens, index) ?? (isGerman ? null : properAt(tokens, index, known));
    if (!mention) continue;
    if (UNIT.test(mention.thing.name) && (tokens[index - 1]?.tags.has('Value') || /^p\d/.test(mention.thing.name)))
      continue;
    found.push(mention);
    index = mention.last;
  }
  return found;
}

/** Names whose capital letter is not owed to the beginning of a sentence. */
export function certainNames(tokens: readonly Token[]): string[] {
  return mentionsIn(tokens, new Set())
    .filter((mention) => mention.first > 0)
    .map((mention) => sameKey(mention.thing.name));
}

function spelledAt(tokens: readonly Token[], first: number): Mention | null {
  const spelled = tokens[first]?.spelled;
  if (!spelled?.thing) return null;
  const { thing, product } = spelled;
  const isProduct = thing.type === 'Product' || /^[A-Z][a-z]+[A-Z][A-Za-z]+$/.test(thing.name);
  let last = first;
  // "GitHub Actions", "iPhone 15"
  while (isProduct && last - first < 2 && !isBoundary(tokens, last) && isNameWord(tokens[last + 1])) last++;
  if (isProduct && !isBoundary(tokens, last) && isVersionNumber(tokens, last + 1)) last++;
  if (last === first) return { thing, first, last, ...(product && { product }) };
  const more = tokens.slice(first + 1, last + 1).map(({ text }) => text);
  return { thing: { name: [thing.name, ...more].join(' '), type: 'Product' }, first, last };
}

/** "node 18", "redis": names of products that are often written small. */
function productAt(tokens: readonly Token[], first: number): Mention | null {
  const token = tokens[first];
  if (!token || token.spelled || isCapitalised(token) || !WELL_KNOWN_PRODUCTS.has(token.lower)) return null;
  const isNumbered = !token.isParted && isVersionNumber(tokens, first + 1);
  if (!isNumbered && ALSO_COMMON_WORDS.has(token.lower)) return null;
  const name = isNumbered ? `${token.text} ${tokens[first + 1]?.text}` : token.text;
  return { thing: { name, type: 'Product' }, first, last: isNumbered ? first + 1 : first };
}

function properAt(tokens: readonly Token[], first: number, known: ReadonlySet<string>): Mention | null {
  if (!isNameWord(tokens[first])) return null;
  let last = first;
  while (last - first < LONGEST_NAME && !isBoundary(tokens, last)) {
    const link = tokens[last + 1];
    const isLinked = LINKS.has(link?.text ?? '') && !isBoundary(tokens, last + 1) && isNameWord(tokens[last + 2]);
    if (!isLinked && !isNameWord(tokens[last + 1])) break;
    last += isLinked ? 2 : 1;
  }
  if (last - first >= LONGEST_NAME) return null;
  if (first === 0 && !beginsWithName(tokens, last, known)) return last > 0 ? properAt(tokens, 1, known) : null;
  if (!tokens[last]?.isParted && isVersionNumber(tokens, last + 1)) last++;
  const name = tokens
    .slice(first, last + 1)
    .map(({ text }) => text)
    .join(' ');
  if (name.length < 2 || name.length > 80 || !NAME.test(name)) return null;
  if (first === last && (ACRONYMS.test(name) || NO_NAMES.has(tokens[first]?.lower ?? ''))) return null;
  return { thing: { name, type: typeOf(tokens, first, last) }, first, last };
}

function isNameWord(token: Token | undefined): boolean {
  if (!token || token.spelled || !isCapitalised(token)) return false;
  if (DESCRIPTION.test(token.text) || token.tags.has('Date') || token.tags.has('Pronoun') || NO_NAMES.has(token.lower))
    return false;
  if (SHOUTED.test(token.text) && !ACRONYM.test(token.text)) return token.tags.has('Person') || token.tags.has('Place');
  return token.text.length > 1 || token.tags.has('Person');
}

const isCapitalised = (token: Token): boolean => /^\p{Lu}/u.test(token.text);

function isBoundary(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  return !token || token.isParted || token.isPossessive;
}

/** "Valkey 8": a small number that counts nothing. */
function isVersionNumber(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  const counts = !token?.isParted && tokens[index + 1]?.tags.has('Plural');
  if (!token || token.tags.has('Date') || counts) return false;
  return /^(?:\d{1,2}|20\d\d|365)$/.test(token.text) || (tokens[index - 1]?.text === 'RFC' && /^\d+$/.test(token.text));
}

/** The first word of a sentence has its capital letter anyway; it is a name where grammar or another sentence says so. */
function beginsWithName(tokens: readonly Token[], last: number, known: ReadonlySet<string>): boolean {
  const [first, second] = tokens;
  if (!first) return false;
  const name = tokens
    .slice(0, last + 1)
    .map(({ text }) => text)
    .join(' ');
  if (known.has(sameKey(name)) || known.has(first.lower) || first.isPossessive) return true;
  if (ORDERS.has(first.lower)) return false;
  if (['Person', 'City', 'Country', 'Region'].some((tag) => first.tags.has(tag)) || ACRONYM.test(first.text))
    return true;
  if (last > 0) return !['Verb', 'Adverb', 'Determiner'].some((tag) => first.tags.has(tag));
  if (isVersionNumber(tokens, 1) || first.tags.has('ProperNoun')) return true;
  if (!isSingular(first)) return false;
  // "Harbor keeps …", "Harbor, the service, …", "Harbor and Lighthouse …"
  if (first.isParted) return second?.tags.has('Determiner') === true;
  if (second?.lower === 'and') return isNameWord(tokens[2]);
  return second?.lower === 'no' || ['Verb', 'Modal', 'Copula', 'Adverb'].some((tag) => second?.tags.has(tag));
}

function isSingular(token: Token): boolean {
  if (!token.tags.has('Noun') || token.tags.has('Plural') || token.tags.has('Uncountable')) return false;
  return !ABSTRACT.test(token.text) && !NO_SUBJECT_NAMES.has(token.lower);
}

/** The label of a proper name, from the tagger's lexicon, its own words and the verb beside it. */
function typeOf(tokens: readonly Token[], first: number, last: number): string {
  const name = tokens.slice(first, last + 1);
  const isNumbered = last > first && /^(?:\d+|\p{Lu}+\d+)$/u.test(tokens[last]?.text ?? '') && name[0]?.lower !== 'rfc';
  if (name.some(({ lower }) => WELL_KNOWN_PRODUCTS.has(lower)) || isNumbered) return 'Product';
  if (name.some(({ text }) => COMPANY.test(text))) return 'Organization';
  if (isPerson(name)) return 'Person';
  if (name.every(({ tags }) => tags.has('Place'))) return 'Place';
  return 'Entity';
}

function isPerson(name: readonly Token[]): boolean {
  const [given, ...others] = name;
  if (!given || name.length > 3) return false;
  const isGiven = given.tags.has('FirstName') || (given.tags.has('Person') && !given.tags.has('Place'));
  return isGiven && others.every(({ tags }) => !tags.has('Place') && !tags.has('Acronym'));
}

import { canonicalKey } from '../../text.ts';
import type { TypedName } from './spelling.ts';
import type { TaggedWord } from './tagging.ts';
import {
  ALSO_COMMON_WORDS,
  CAPITALISED_NON_NAMES,
  IMPERATIVE_VERBS,
  NON_NAME_SUBJECTS,
  WELL_KNOWN_PRODUCTS,
} from './vocabulary.ts';

/** A named entity in a sentence: the tokens from `first` to `last`, both included. */
export interface NameMention {
  readonly entity: TypedName;
  readonly first: number;
  readonly last: number;
  /** For a version the package. */
  readonly product?: TypedName;
}

/** Words in a name. */
const MAX_NAME_WORDS = 4;
/** "Rianne de Boer" */
const NAME_PARTICLES = new Set('de van von der den del della da di du ter ten bin al el'.split(' '));
const ACRONYM = /^[A-Z]{2,6}\d?$/;
const ACRONYMS = /^[A-Z]{2,5}s$/;
const NAME = /^\p{L}[\p{L}\p{N} .&'’+#-]*$/u;
/** "5 MB", "180 mm/s", "180 EUR" */
const UNIT =
  /^(?:[kKMGTP]i?[Bb](?:\/s|ps)?|[µmkcdn]?(?:m|s|g|A|V|W|Hz|h|l)(?:\/(?:s|h|min))?|°[CF]|rpm|EUR|USD|GBP|CHF|SEK|MHz|GHz|px|dpi|fps|p\d\d|dB)$/;
/** "JSON-compatible" */
const COMPOUND_ADJECTIVE = /-\p{Ll}/u;
const ALL_CAPITALS = /^\p{Lu}{2,}$/u;
/** "Documentation", "Painting": nouns that often begin a sentence and are not names. */
const ABSTRACT = /(?:tion|sion|ment|ness|ity|ing|ance|ence|ism|ship|age|ure|s)$/i;
const COMPANY = /^(?:Inc|Ltd|LLC|GmbH|Corp|Corporation|Foundation|University|Institute|Company|Bank|Group|Labs)$/;

/**
 * The names in a sentence, in their order: by spelling, by a list of well-known products, and by capital letters that do not come from the
 * beginning of the sentence.
 * @param known names that were found in the middle of a sentence
 */
export function mentionsIn(tokens: readonly TaggedWord[], known: ReadonlySet<string>, isGerman = false): NameMention[] {
  const found: NameMention[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const mention =
      spelledAt(tokens, index) ?? productAt(tokens, index) ?? (isGerman ? null : properAt(tokens, index, known));
    if (!mention) continue;
    if (UNIT.test(mention.entity.name) && (tokens[index - 1]?.tags.has('Value') || /^p\d/.test(mention.entity.name)))
      continue;
    found.push(mention);
    index = mention.last;
  }
  return found;
}

/** Names with a capital letter in the middle of the sentence. */
export function certainNames(tokens: readonly TaggedWord[]): string[] {
  return mentionsIn(tokens, new Set())
    .filter((mention) => mention.first > 0)
    .map((mention) => canonicalKey(mention.entity.name));
}

function spelledAt(tokens: readonly TaggedWord[], first: number): NameMention | null {
  const spelled = tokens[first]?.spelled;
  if (!spelled?.entity) return null;
  const { entity, product } = spelled;
  const isProduct = entity.type === 'Product' || /^[A-Z][a-z]+[A-Z][A-Za-z]+$/.test(entity.name);
  let last = first;
  // "GitHub Actions", "iPhone 15"
  while (isProduct && last - first < 2 && !isBoundary(tokens, last) && isNameWord(tokens[last + 1])) last++;
  if (isProduct && !isBoundary(tokens, last) && isVersionNumber(tokens, last + 1)) last++;
  if (last === first) return { entity, first, last, ...(product && { product }) };
  const more = tokens.slice(first + 1, last + 1).map(({ text }) => text);
  return { entity: { name: [entity.name, ...more].join(' '), type: 'Product' }, first, last };
}

/** "node 18", "redis": product names that are often written in small letters. */
function productAt(tokens: readonly TaggedWord[], first: number): NameMention | null {
  const token = tokens[first];
  if (!token || token.spelled || isCapitalised(token) || !WELL_KNOWN_PRODUCTS.has(token.lower)) return null;
  const isNumbered = !token.hasBreakAfter && isVersionNumber(tokens, first + 1);
  if (!isNumbered && ALSO_COMMON_WORDS.has(token.lower)) return null;
  const name = isNumbered ? `${token.text} ${tokens[first + 1]?.text}` : token.text;
  return { entity: { name, type: 'Product' }, first, last: isNumbered ? first + 1 : first };
}

function properAt(tokens: readonly TaggedWord[], first: number, known: ReadonlySet<string>): NameMention | null {
  if (!isNameWord(tokens[first])) return null;
  let last = first;
  while (last - first < MAX_NAME_WORDS && !isBoundary(tokens, last)) {
    const link = tokens[last + 1];
    const isLinked =
      NAME_PARTICLES.has(link?.text ?? '') && !isBoundary(tokens, last + 1) && isNameWord(tokens[last + 2]);
    if (!isLinked && !isNameWord(tokens[last + 1])) break;
    last += isLinked ? 2 : 1;
  }
  if (last - first >= MAX_NAME_WORDS) return null;
  if (first === 0 && !beginsWithName(tokens, last, known)) return last > 0 ? properAt(tokens, 1, known) : null;
  if (!tokens[last]?.hasBreakAfter && isVersionNumber(tokens, last + 1)) last++;
  const name = tokens
    .slice(first, last + 1)
    .map(({ text }) => text)
    .join(' ');
  if (name.length < 2 || name.length > 80 || !NAME.test(name)) return null;
  if (first === last && (ACRONYMS.test(name) || CAPITALISED_NON_NAMES.has(tokens[first]?.lower ?? ''))) return null;
  return { entity: { name, type: typeOf(tokens, first, last) }, first, last };
}

function isNameWord(token: TaggedWord | undefined): boolean {
  if (!token || token.spelled || !isCapitalised(token)) return false;
  if (
    COMPOUND_ADJECTIVE.test(token.text) ||
    token.tags.has('Date') ||
    token.tags.has('Pronoun') ||
    CAPITALISED_NON_NAMES.has(token.lower)
  )
    return false;
  if (ALL_CAPITALS.test(token.text) && !ACRONYM.test(token.text))
    return token.tags.has('Person') || token.tags.has('Place');
  return token.text.length > 1 || token.tags.has('Person');
}

const isCapitalised = (token: TaggedWord): boolean => /^\p{Lu}/u.test(token.text);

function isBoundary(tokens: readonly TaggedWord[], index: number): boolean {
  const token = tokens[index];
  return !token || token.hasBreakAfter || token.isPossessive;
}

/** "Valkey 8": a small number that is not a count. */
function isVersionNumber(tokens: readonly TaggedWord[], index: number): boolean {
  const token = tokens[index];
  const counts = !token?.hasBreakAfter && tokens[index + 1]?.tags.has('Plural');
  if (!token || token.tags.has('Date') || counts) return false;
  return /^(?:\d{1,2}|20\d\d|365)$/.test(token.text) || (tokens[index - 1]?.text === 'RFC' && /^\d+$/.test(token.text));
}

/** The first word of a sentence is always capitalised. It is a name if the grammar or another sentence shows that. */
function beginsWithName(tokens: readonly TaggedWord[], last: number, known: ReadonlySet<string>): boolean {
  const [first, second] = tokens;
  if (!first) return false;
  const name = tokens
    .slice(0, last + 1)
    .map(({ text }) => text)
    .join(' ');
  if (known.has(canonicalKey(name)) || known.has(first.lower) || first.isPossessive) return true;
  if (IMPERATIVE_VERBS.has(first.lower)) return false;
  if (['Person', 'City', 'Country', 'Region'].some((tag) => first.tags.has(tag)) || ACRONYM.test(first.text))
    return true;
  if (last > 0) return !['Verb', 'Adverb', 'Determiner'].some((tag) => first.tags.has(tag));
  if (isVersionNumber(tokens, 1) || first.tags.has('ProperNoun')) return true;
  if (!isSingular(first)) return false;
  // "Harbor keeps …", "Harbor, the service, …", "Harbor and Lighthouse …"
  if (first.hasBreakAfter) return second?.tags.has('Determiner') === true;
  if (second?.lower === 'and') return isNameWord(tokens[2]);
  return second?.lower === 'no' || ['Verb', 'Modal', 'Copula', 'Adverb'].some((tag) => second?.tags.has(tag));
}

function isSingular(token: TaggedWord): boolean {
  if (!token.tags.has('Noun') || token.tags.has('Plural') || token.tags.has('Uncountable')) return false;
  return !ABSTRACT.test(token.text) && !NON_NAME_SUBJECTS.has(token.lower);
}

/** The type of a proper name, from the tagger's lexicon and lists of words. */
function typeOf(tokens: readonly TaggedWord[], first: number, last: number): string {
  const name = tokens.slice(first, last + 1);
  const isNumbered = last > first && /^(?:\d+|\p{Lu}+\d+)$/u.test(tokens[last]?.text ?? '') && name[0]?.lower !== 'rfc';
  if (name.some(({ lower }) => WELL_KNOWN_PRODUCTS.has(lower)) || isNumbered) return 'Product';
  if (name.some(({ text }) => COMPANY.test(text))) return 'Organization';
  if (isPerson(name)) return 'Person';
  if (name.every(({ tags }) => tags.has('Place'))) return 'Place';
  return 'Entity';
}

function isPerson(name: readonly TaggedWord[]): boolean {
  const [given, ...others] = name;
  if (!given || name.length > 3) return false;
  const isGiven = given.tags.has('FirstName') || (given.tags.has('Person') && !given.tags.has('Place'));
  return isGiven && others.every(({ tags }) => !tags.has('Place') && !tags.has('Acronym'));
}

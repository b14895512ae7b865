import { classifyWord, isPackageName } from './code-names.ts';
import type { NamedThing, TechnicalName } from './named-thing.ts';
import { WELL_KNOWN_PRODUCTS } from './vocabulary.ts';

const NUMBER = String.raw`v?\d{1,5}(?:\.\d{1,6}){1,2}(?:-[A-Za-z][\w.-]{0,20})?|v\d{1,4}(?:\.x)?`;
const VERSION = new RegExp(String.raw`(?<![\w.$€£/<>=-])(?:${NUMBER})(?![\w%]|\.\d|-\d)`, 'g');
/** What stands before the number: a name, perhaps "from 1.0.0 to" after a bumped package. */
const NAME_BEFORE = /(@?[\p{L}\p{N}_][\p{L}\p{N}_./@-]{0,60}?)(?:@| )(?:version )?$/u;
const CHANGE_BEFORE = new RegExp(
  String.raw`(@?[\p{L}_][\p{L}\p{N}_./@-]{0,60}) (?:(?:was|is|has been|were) \p{Ll}+ed )?(?:from (?:${NUMBER}) )?to (?:version )?$`,
  'u',
);
const NO_PRODUCT =
  /^(?:version|release|released|v|to|from|in|at|of|on|since|with|for|and|or|than|by|about|over|under|the|a|an|is|was|are|section|chapter|step|changelog|until|before|after|published|between|not|all|new|old|only|prior|latest|current|below|above|then|upcoming|least|most|minor|major|patch|stable|supported|package|library|override|limit|range|constraint|build|dependency|plugin|module|using|requires?|says?|use|pin|need|v?\d.*)$|^[a-z]+(?:ed|ing|es)$/i;
/** A number with one point is a version only after a name, and not before a unit ("Redis 7.2", not "takes 7.2 seconds"). */
const UNIT_AFTER =
  /^\s?(?:%|percent|million|billion|hours?|days?|minutes?|seconds?|ms|[kmg]b|x\b|times|°|km|kg|[ap]m\b)/i;

/** "axios 1.7.2" and "axios v1.7.2" are both the version "axios 1.7.2" of the package "axios". */
export function versionName(product: string, number: string): string {
  return `${product} ${number.replace(/^v/, '')}`;
}

export function versionsIn(text: string, code: readonly TechnicalName[]): TechnicalName[] {
  const found: TechnicalName[] = [];
  for (const match of text.matchAll(VERSION)) {
    if (UNIT_AFTER.test(text.slice(match.index + match[0].length, match.index + match[0].length + 12))) continue;
    found.push(...versionAt(text, match[0], match.index, code));
  }
  return found;
}

function versionAt(text: string, number: string, start: number, code: readonly TechnicalName[]): TechnicalName[] {
  const end = start + number.length;
  const isPlain = /^\d+\.\d+$/.test(number);
  const before = text.slice(Math.max(0, start - 100), start);
  const product = productBefore(before, code, start, isPlain);
  const changed = product ? null : productChanged(before);
  if (changed)
    return [{ start, end, thing: { name: versionName(changed.name, number), type: 'Version' }, wider: changed }];
  if (product) {
    const isMajor = !number.includes('.') && product.thing.type === 'Product';
    const thing = { name: versionName(product.thing.name, number), type: isMajor ? 'Product' : 'Version' };
    return [{ start: product.start, end, thing, wider: isMajor ? undefined : product.thing }];
  }
  if (isPlain) return [];
  return [{ start, end, thing: { name: number.replace(/^v/, ''), type: 'Version' }, isWeak: true }];
}

function productBefore(before: string, code: readonly TechnicalName[], at: number, isPlain: boolean) {
  const name = NAME_BEFORE.exec(before)?.[1];
  if (!name || NO_PRODUCT.test(name) || /^v?\d/.test(name)) return null;
  const start = at - before.length + before.lastIndexOf(name);
  const isCode = code.some((span) => span.start === start);
  if (!isCode && isPlain && !/^\p{Lu}/u.test(name) && !isPackageName(name)) return null;
  return { start, thing: productCalled(name) };
}

function productChanged(before: string): NamedThing | null {
  const name = CHANGE_BEFORE.exec(before)?.[1];
  return name && !NO_PRODUCT.test(name) && (isPackageName(name) || /^[a-z@]/.test(name)) ? productCalled(name) : null;
}

function productCalled(name: string): NamedThing {
  if (WELL_KNOWN_PRODUCTS.has(name.toLowerCase())) return { name, type: 'Product' };
  if (/^@?[a-z\d][a-z\d./_-]*$/.test(name)) return { name, type: 'Package' };
  return classifyWord(name) ?? { name, type: 'Product' };
}

import { datesIn } from '../../english/dates.ts';
import { type Heading, headingKind, titleOf } from './headings.ts';
import { cleaned, unmarked } from './markup.ts';
import type { NamedThing, TechnicalName } from './named-thing.ts';
import { normalised } from './named-thing.ts';
import { technicalNames } from './technical-names.ts';
import { versionName } from './versions.ts';
import { WELL_KNOWN_PRODUCTS } from './vocabulary.ts';

/** What everything under a heading is about. */
export interface Topic {
  readonly thing: NamedThing;
  /** The package of a release. */
  readonly wider: NamedThing | null;
  readonly isRelease: boolean;
  /** The day that a release's heading gives. */
  readonly date: Date | null;
}

const MOST_WORDS = 4;
const GENERIC =
  /^(?:(?:change ?log|readme|(?:release|meeting|my)?\s?notes?|release|releases|version|overview|introduction|about|summary|todo|documentation|docs|guide|getting started|installation|install|usage|faq|license|api|history|what'?s new|decisions?|decision record|minutes|agenda|plan|log|background|context|status|conclusion|references|the|of|for|in|and|to|&|-|—|–|:|\d+)\s*)+$/i;

/** The topic of the innermost heading that has one. `known` holds names that the document uses in sentences. */
export function topicOf(headings: readonly Heading[], known: ReadonlySet<string>, reference: Date): Topic | null {
  for (let index = headings.length - 1; index >= 0; index--) {
    const heading = headings[index] as Heading;
    const isRelease = headingKind(heading) === 'release';
    const topic = isRelease ? releaseIn(heading, headings, reference) : named(topicCalled(heading, known));
    if (topic) return topic;
  }
  return null;
}

function releaseIn(heading: Heading, headings: readonly Heading[], reference: Date): Topic | null {
  const { text, code } = unmarked(cleaned(heading.markdown));
  const date = datesIn(text, reference)[0]?.at ?? null;
  const version = technicalNames(text, code).find((name) => name.thing?.type === 'Version');
  if (!version?.thing) return null;
  const product = version.wider ?? productOf(headings);
  const thing =
    version.isWeak && product
      ? { ...version.thing, name: versionName(product.name, version.thing.name) }
      : version.thing;
  return { thing, wider: product, isRelease: true, date };
}

/** A changelog names its package once, in the title. */
function productOf(headings: readonly Heading[]): NamedThing | null {
  const title = headings.find((heading) => headingKind(heading) === 'topic');
  const words =
    title &&
    titleOf(title)
      .replace(/\b(?:change ?log|release notes?|releases?|history|for|of)\b/gi, '')
      .trim();
  if (!words || words.split(/\s+/).length > MOST_WORDS || GENERIC.test(words)) return null;
  return { name: words, type: /^[a-z@]/.test(words) ? 'Package' : 'Product' };
}

function topicCalled(heading: Heading, known: ReadonlySet<string>): NamedThing | null {
  const { text, code } = unmarked(cleaned(heading.markdown));
  const title = text.replace(/[\s:.]+$/, '');
  if (title === '' || GENERIC.test(title)) return null;
  const technical = technicalNames(title, code).filter((name) => name.thing && !name.isWeak);
  if (technical[0]?.thing && isWhole(technical[0], title)) return technical[0].thing;
  const isShort = title.split(/\s+/).length <= MOST_WORDS && /\p{L}/u.test(title);
  if (heading.level <= 1 && isShort) return { name: title, type: typeOfTitle(title) };
  if (known.has(normalised(title))) return { name: title, type: 'Entity' };
  return technical[0]?.thing ?? null;
}

function isWhole(name: TechnicalName, title: string): boolean {
  return name.start === 0 && name.end >= title.length;
}

function typeOfTitle(title: string): string {
  return WELL_KNOWN_PRODUCTS.has(title.toLowerCase()) ? 'Product' : 'Entity';
}

function named(thing: NamedThing | null): Topic | null {
  return thing && { thing, wider: null, isRelease: false, date: null };
}

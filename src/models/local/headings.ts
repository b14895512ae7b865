import { cleaned, withoutMarks } from './markup.ts';

export interface Heading {
  /** Number of hashes; 0 for a `Topic:` line. */
  readonly level: number;
  readonly markdown: string;
}

/** What a heading such as "🐛 Bug Fixes" says about everything under it. */
export interface Section {
  readonly title: string;
  readonly relation: string;
}

export type HeadingKind = 'skipped' | 'section' | 'release' | 'topic';

/** Nothing that is listed under such a title is worth remembering. */
export const PEOPLE_LISTS = /\b(?:contributors?|sponsors?|backers|acknowledge?ments|credits|table of contents)\b/i;
const RELEASE = /(?:^|[\s[@(])v?\d+\.\d+(?:\.\d+|\s|\]|$|-)|\bunreleased\b/i;
const SECTION_RELATIONS: readonly (readonly [RegExp, string])[] = [
  [/breaking/i, 'CHANGES'],
  [/deprecat/i, 'DEPRECATES'],
  [/remov/i, 'REMOVES'],
  [/revert/i, 'REVERTS'],
  [/fix|security|bugs?\b/i, 'FIXES'],
  [/featur|added|^new\b|additions?|highlights/i, 'ADDS'],
  [/perform|improve|enhance/i, 'IMPROVES'],
  [
    /chang|chore|maint|refactor|docs?|test|build|\bci\b|depend|misc|prs?\b|pull|internal|other|notes|updates?/i,
    'CHANGES',
  ],
];
const SECTION_WORDS = new Set(
  `a all and bug bugs build breaking change changed changes chore chores ci code cleanup bugfixes bugfix dependencies
  dependency deprecated deprecations deprecation docs documentation enhancements enhancement feature features fix fixed
  fixes for general highlights improved improvements improvement in internal internals known maintenance migration
  minor misc miscellaneous new notable notes of other patch performance prs pull refactor refactors refactoring
  removals removed requests revert reverted reverts security style summary test testing tests the this types release
  updated updates upgrade added additions add what's whats upcoming updates vulnerabilities`.split(/\s+/),
);

export function headingKind(heading: Heading): HeadingKind {
  const title = titleOf(heading);
  if (PEOPLE_LISTS.test(title)) return 'skipped';
  if (RELEASE.test(title)) return 'release';
  return isSection(title) ? 'section' : 'topic';
}

export function sectionOf(heading: Heading): Section | null {
  const title = titleOf(heading);
  const relation = SECTION_RELATIONS.find(([pattern]) => pattern.test(title))?.[1];
  return relation ? { title, relation } : null;
}

export function titleOf(heading: Heading): string {
  return withoutMarks(cleaned(heading.markdown)).replace(/[\s:]+$/, '');
}

function isSection(title: string): boolean {
  const words = title.toLowerCase().split(/[\s&/,]+/);
  return words.every((word) => word === '' || SECTION_WORDS.has(word));
}

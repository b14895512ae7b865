import type { Block } from './document.ts';
import type { Section } from './headings.ts';
import { cleaned, unmarked } from './markup.ts';
import type { NamedThing } from './named-thing.ts';
import { technicalNames } from './technical-names.ts';
import { GENERIC_LEAD_INS } from './vocabulary.ts';

/** The beginning of a list item that names what it is about: "**Response Timing:** …", "feat(http): …". */
export interface LeadIn {
  readonly title: string;
  /** Null where the title names a kind of work ("Docs"). */
  readonly thing: NamedThing | null;
  /** What "feat" or "fix" says, in place of a section. */
  readonly section: Section | null;
}

const BOLD = /^\*\*([^*\n]{1,90}(?:\*(?!\*)[^*\n]{1,90}){0,2}?)(?::\*\*|\*\*:)\s*/;
const COMMIT = /^(feat|fix|chore|docs|refactor|perf|test|build|ci|revert|style)(?:\(([^()\n]{1,60})\))?!?:\s+/i;
const COMMIT_SECTIONS = new Map<string, Section>([
  ['feat', { title: 'Features', relation: 'ADDS' }],
  ['fix', { title: 'Fixes', relation: 'FIXES' }],
  ['perf', { title: 'Performance', relation: 'IMPROVES' }],
  ['revert', { title: 'Reverts', relation: 'REVERTS' }],
]);

export function leadInOf(block: Block): { leadIn: LeadIn | null; rest: string } {
  const bold = BOLD.exec(block.markdown);
  if (bold?.[1]) return { leadIn: called(bold[1], null), rest: block.markdown.slice(bold[0].length) };
  const commit = COMMIT.exec(block.markdown);
  if (!commit?.[1]) return { leadIn: null, rest: block.markdown };
  const section = COMMIT_SECTIONS.get(commit[1].toLowerCase()) ?? null;
  return { leadIn: called(commit[2] ?? commit[1], section), rest: block.markdown.slice(commit[0].length) };
}

function called(markdown: string, section: Section | null): LeadIn {
  const { text, code } = unmarked(cleaned(markdown));
  const title = text.replace(/\s*\([^()]*\)$/, '').trim();
  return { title, thing: thingCalled(title, code), section };
}

function thingCalled(title: string, code: { start: number; end: number }[]): NamedThing | null {
  const words = title.toLowerCase().split(/[\s&/,—–-]+/);
  if (words.every((word) => word === 'and' || word.length < 2 || GENERIC_LEAD_INS.has(word))) return null;
  const technical = technicalNames(title, code).find((name) => name.end - name.start === title.length);
  if (technical?.thing) return technical.thing;
  return title.length <= 60 ? { name: title, type: 'Entity' } : null;
}

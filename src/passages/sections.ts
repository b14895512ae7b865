import { fencedLines, HEADING, type Line, linesOf } from './lines.ts';
import type { Range } from './sentences.ts';
import { KNOWN_SPEAKERS, SPEAKER_LABEL } from './speakers.ts';

/** The line of a heading. */
export interface Heading extends Range {
  readonly level: number;
  readonly text: string;
}

export function headingsIn(lines: readonly Line[]): Heading[] {
  const fenced = fencedLines(lines);
  return lines.flatMap(({ text, start, end }, place) => {
    const [, marks, heading = ''] = (fenced.has(place) ? null : HEADING.exec(text)) ?? [];
    return marks ? [{ start, end, level: marks.length, text: heading }] : [];
  });
}

const NUMBERED = /^[*_]*(?:step|phase|part|schritt)?\s*\d{1,2}\s*[.):–—-]/i;

/** Marks the paragraphs that lead into sections, such as "The database has two tables:" above a heading for each. */
export function markSectionIntroductions<
  Block extends Range & { readonly kind: string; readonly headings: readonly Range[] },
>(
  content: string,
  blocks: readonly Block[],
  headings: readonly Heading[],
): (Block | (Block & { readonly kind: 'steps' | 'sections' }))[] {
  let next = 0;
  return blocks.map((block) => {
    while (next < headings.length && (headings[next] as Heading).start < block.end) next += 1;
    if (block.kind !== 'paragraph' || !/[:：][*_]*\s*$/.test(content.slice(block.start, block.end))) return block;
    const [above, first] = [headings[next - 1], headings[next]];
    const isBelow = first && (block.headings.length === 0 || !above || above.level < first.level);
    const sections = isBelow ? sectionsAfter(content, block.end, headings, next) : [];
    if (sections.length < 2) return block;
    return { ...block, kind: sections.every(({ text }) => NUMBERED.test(text)) ? 'steps' : 'sections' };
  });
}

/** The headings of one level that begin directly after a place, with the heading of this index, up to one of a higher level. */
function sectionsAfter(content: string, place: number, headings: readonly Heading[], index: number): Heading[] {
  const first = headings[index];
  if (!first || content.slice(place, first.start).trim() !== '') return [];
  const sections: Heading[] = [];
  for (let at = index; at < headings.length && (headings[at] as Heading).level >= first.level; at += 1)
    if (headings[at]?.level === first.level) sections.push(headings[at] as Heading);
  return sections;
}

/** The headings of the sections that a passage of kind `steps` or `sections` leads into, as they are written. */
export function sectionHeadingsAfter(content: string, place: number): string[] {
  const lines = linesOf(content, { start: place, end: content.length });
  const nextTurn = lines.findIndex(({ text }) => KNOWN_SPEAKERS.test(SPEAKER_LABEL.exec(text)?.[1] ?? ''));
  const headings = headingsIn(nextTurn < 0 ? lines : lines.slice(0, nextTurn));
  return sectionsAfter(content, place, headings, 0).map(({ text }) => text);
}

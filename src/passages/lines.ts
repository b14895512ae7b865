import type { Range } from './sentences.ts';

/** A line without its end. */
export interface Line extends Range {
  readonly text: string;
}

export const FENCE = /^\s*(`{3,}|~{3,})/;
export const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/;
const TABLE_ROW = /^\s*\|.*\|/;

export const isTableRow = (line: string): boolean => TABLE_ROW.test(line);

export function linesOf(content: string, { start, end }: Range): Line[] {
  const lines: Line[] = [];
  for (let at = start; at < end; ) {
    const found = content.indexOf('\n', at);
    const stop = found < 0 || found > end ? end : found;
    lines.push({ start: at, end: stop, text: content.slice(at, stop) });
    at = stop + 1;
  }
  return lines;
}

/** Places of lines inside code fences, the fences included. */
export function fencedLines(lines: readonly Line[]): Set<number> {
  const inside = new Set<number>();
  let fence: string | undefined;
  for (const [place, { text }] of lines.entries()) {
    const mark = FENCE.exec(text)?.[1];
    if (fence !== undefined || mark !== undefined) inside.add(place);
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence)) fence = undefined;
  }
  return inside;
}

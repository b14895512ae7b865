import type { Statement } from '../../../statements/statement.ts';
import { day, toGraphTime } from '../../../time.ts';
import type { EndedRange } from './current-content.ts';

/** Labels of speakers (`assistant:`) by the uuids of their statements. */
export type Speakers = ReadonlyMap<string, string>;

/** The mark of an ended sentence, in brackets: since when it does not hold, or with which number it does. */
export interface EndMark {
  readonly range: EndedRange;
  readonly text: string;
}

/** A part of a quotation, and what has to be said about the sentences in it that no longer hold. */
export interface MarkedText {
  /** The text, and the marks in it. A sentence of several lines has its mark on each; `textWithMarks` prints the first. */
  readonly parts: readonly (string | EndMark)[];
  /** In brackets: what holds now, with its date and speaker. Printed after the quotation, because another speaker may have said it. */
  readonly notes: readonly string[];
}

const OMITTED = '…';

/**
 * A part of a text with its ended sentences marked. What another statement replaced is left out (`…`), and what only ended is preceded by the
 * date of its end. All that the quoted text does not say itself is in brackets.
 */
export function markedText(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
  ended: readonly EndedRange[],
  speakers: Speakers = new Map(),
): MarkedText {
  let at = start;
  const parts: (string | EndMark)[] = [];
  const notes: string[] = [];
  for (const range of ended.toSorted((a, b) => a.start - b.start)) {
    const to = Math.min(range.end, end);
    const covered = text.slice(Math.max(range.start, at), to);
    // What an earlier range leaves of this one may be a full stop.
    if (!/[\p{L}\p{N}]/u.test(covered)) continue;
    const from = to - covered.trimStart().length;
    parts.push(text.slice(at, from));
    at = to;
    if (range.kind === 'ended') parts.push({ range, text: `[until ${day(range.until)}:] ` });
    if (range.kind === 'corrected') parts.push({ range, text: correctionNote(range, speakers) });
    if (range.kind === 'replaced') parts.push(OMITTED);
    if (range.kind === 'ended' || range.kind === 'part') parts.push(text.slice(from, to));
    // The mark stands for the whole sentence.
    else at += (/^[.!?]+/.exec(text.slice(to, end))?.[0] ?? '').length;
    const note = endNote(range, speakers);
    if (note !== undefined && !notes.includes(note)) notes.push(note);
  }
  return { parts: [...parts, text.slice(at, end)], notes };
}

/** The text with the marks of all ended sentences that `marked` does not have yet. */
export function textWithMarks(
  { parts }: Pick<MarkedText, 'parts'>,
  marked: ReadonlySet<EndedRange> = new Set<EndedRange>(),
): string {
  const shown = parts.map((part) => (typeof part === 'string' ? part : marked.has(part.range) ? '' : part.text));
  return collapseOmissions(shown.join(''));
}

/** The ended sentences that have marks in a text. */
export const markedRanges = ({ parts }: Pick<MarkedText, 'parts'>): EndedRange[] =>
  parts.flatMap((part) => (typeof part === 'string' ? [] : [part.range]));

/** Marks of neighbouring omissions are one. */
export const collapseOmissions = (text: string): string => text.replace(/…(?:[ \t]*…)+/g, OMITTED);

/** What holds instead of an ended sentence, if the answer does not show that elsewhere. */
export function endNote(
  { kind, endedBy, isShownElsewhere }: Pick<EndedRange, 'kind' | 'endedBy' | 'isShownElsewhere'>,
  speakers: Speakers,
): string | undefined {
  if (!endedBy || isShownElsewhere || (kind !== 'replaced' && kind !== 'part')) return undefined;
  return `[${kind === 'part' ? 'partly outdated ' : ''}since ${saidOn(endedBy)}${quoted(endedBy, speakers)}]`;
}

/** The sentence with the right number, and who corrected it when. */
export function correctionNote(
  { corrected = '', endedBy }: Pick<EndedRange, 'corrected' | 'endedBy'>,
  speakers: Speakers,
): string {
  return endedBy ? `[${corrected} (corrected ${saidOn(endedBy)}${quoted(endedBy, speakers)})]` : '';
}

const saidOn = ({ saidAt }: Statement): string => day(toGraphTime(saidAt));

function quoted({ uuid, text }: Statement, speakers: Speakers): string {
  const label = speakers.get(uuid) ?? '';
  return label === '' || text.startsWith(label) ? `: ${text}` : `, ${label} ${text}`;
}

import type { Statement } from '../../statements/statement.ts';
import { day, toGraphTime } from '../../time.ts';
import type { EndedRange } from './what-holds.ts';

/** Labels of speakers (`assistant:`) by the uuids of their statements. */
export type Speakers = ReadonlyMap<string, string>;

/** A part of a quotation, and what has to be said about the sentences in it that no longer hold. */
export interface MarkedText {
  readonly text: string;
  /** In brackets: what holds now, with its date and speaker. Stands behind the quotation, since somebody else may have said it. */
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
  let [marked, at] = ['', start];
  const notes: string[] = [];
  for (const range of ended.toSorted((a, b) => a.start - b.start)) {
    const [from, to] = [Math.max(range.start, at), Math.min(range.end, end)];
    if (from >= to || text.slice(from, to).trim() === '') continue;
    marked += text.slice(at, from);
    const isBeginning = from === range.start;
    at = to;
    if (range.kind === 'part') marked += text.slice(from, to);
    else if (range.kind === 'ended')
      marked += `${isBeginning ? `[until ${day(range.until)}:] ` : ''}${text.slice(from, to)}`;
    else {
      marked += range.kind === 'replaced' ? OMITTED : isBeginning ? correction(range, speakers) : '';
      // The mark stands for the whole sentence.
      at += (/^[.!?]+/.exec(text.slice(to, end))?.[0] ?? '').length;
    }
    const note = noteOf(range, speakers);
    if (note !== undefined && !notes.includes(note)) notes.push(note);
  }
  return { text: onceOmitted(marked + text.slice(at, end)), notes };
}

/** Marks of neighbouring omissions are one. */
export const onceOmitted = (text: string): string => text.replace(/…(?:[ \t]*…)+/g, OMITTED);

/** What holds instead of an ended sentence, if the answer does not show that elsewhere. */
export function noteOf(
  { kind, endedBy, isShownElsewhere }: Pick<EndedRange, 'kind' | 'endedBy' | 'isShownElsewhere'>,
  speakers: Speakers,
): string | undefined {
  if (!endedBy || isShownElsewhere || (kind !== 'replaced' && kind !== 'part')) return undefined;
  return `[${kind === 'part' ? 'partly outdated ' : ''}since ${saidOn(endedBy)}${quoted(endedBy, speakers)}]`;
}

/** The sentence with the right number, and who corrected it when. */
export function correction(
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

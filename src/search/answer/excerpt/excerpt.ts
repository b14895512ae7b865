import type { PassageRow } from '../../../graph/queries/passages.ts';
import { isTableRow } from '../../../passages/lines.ts';
import { headingsOf } from '../../../passages/passages.ts';
import { sectionHeadingsAfter } from '../../../passages/sections.ts';
import { sentencesOf } from '../../../passages/sentences.ts';
import { termsOf, withoutEditorLinks } from '../../../passages/terms.ts';
import { truncated } from '../../../text.ts';
import type { EndedRange } from '../outdated/current-content.ts';
import {
  collapseOmissions,
  type MarkedText,
  markedRanges,
  markedText,
  type Speakers,
  textWithMarks,
} from '../outdated/ended-text.ts';
import type { RankedPassage } from '../ranking/rank.ts';
import { cutList } from './cut-list.ts';
import { labelAt, latestLabel, type SpeakerLabel, speakerLabel } from './speaker-label.ts';

/** Characters of a passage that are shown: for prose, and for blocks (lists, procedures, code, tables, JSON, joined passages). */
interface Allowance {
  readonly prose: number;
  readonly block: number;
}

/** By the answer's position: the first answers may be longest. */
const ALLOWANCES: readonly Allowance[] = [
  { prose: 500, block: 600 },
  { prose: 320, block: 400 },
  { prose: 200, block: 250 },
];

/** For a requested list, procedure or table: about 1,000 tokens. */
const LONGEST_WHOLE = 4_000;

/** How many characters of a passage are shown, and whether from its beginning on, as a whole. */
export interface ExcerptBudget {
  readonly most: number;
  readonly isWhole: boolean;
}

export function excerptBudget(place: number, { passage: { kind }, isJoined, isWhole }: RankedPassage): ExcerptBudget {
  if (isWhole) return { most: LONGEST_WHOLE, isWhole };
  const { prose, block } = ALLOWANCES[Math.min(place, ALLOWANCES.length - 1)] as Allowance;
  return { most: isBlock(kind) || isJoined ? block : prose, isWhole: false };
}

const BLOCKS = new Set<string>(['list', 'procedure', 'steps', 'sections', 'code', 'table', 'json', 'tool']);

/** Whether its line breaks have a meaning. */
export const isBlock = (kind: string): boolean => BLOCKS.has(kind);

/** The parts of a question by which the sentences and lines of a passage are chosen. */
export interface ExcerptQuery {
  /** How rare each of its terms is. */
  readonly rarity: ReadonlyMap<string, number>;
  /** Whether a text has a value of the requested kind, which counts as much as the question's rarest term. */
  readonly hasValue: (text: string) => boolean;
}

/** The shown part of a passage, and how many items of a requested list did not fit. */
export interface Excerpt {
  readonly text: string;
  readonly omitted: number;
}

/** A sentence or a line of a passage. */
interface Unit extends MarkedText {
  /** The speaker's label, such as `assistant:`; empty if there is none. */
  readonly speaker: string;
  /** Whether the unit begins with the label. */
  readonly isLabelled: boolean;
  /** Whether the speaker has said more between the label and the unit. */
  readonly isContinued: boolean;
}

/** The turns that a passage reaches over: where they begin in it, and their roles. */
type Turns = readonly Pick<PassageRow, 'start' | 'role'>[];

/** What an excerpt shows of the ends of its sentences. */
export interface ExcerptEnds {
  readonly ended: readonly EndedRange[];
  readonly speakers?: Speakers;
}

/**
 * The shown part of a passage: all of it if it fits; otherwise the sentences or lines with most of the question's terms, and those around them.
 * A requested list is shown from its beginning. The speaker and the headings come first, what holds instead of ended sentences last. The text
 * keeps its formatting.
 */
export function excerptOf(
  passage: PassageRow,
  text: string,
  { rarity, hasValue }: ExcerptQuery,
  { ended, speakers }: ExcerptEnds,
  { most, isWhole }: ExcerptBudget,
  turns: Turns = [passage],
): Excerpt {
  const units = [...unitsOf(passage, text, ended, speakers, turns), ...outlineOf(passage, text)];
  const isOfLines = isBlock(passage.kind);
  const chosenUnits = isWhole
    ? units.map((_, place) => place)
    : chosen(units, { rarity, hasValue }, most, isOfLines && passage.kind !== 'code');
  const quotation = isWhole
    ? cutList(quotationOf(units, chosenUnits), (beginning) => beginning.length <= most)
    : { text: withoutLoneFences(quotationOf(units, chosenUnits, most)), omitted: 0 };
  const headings = headingsOf(text, passage.headings);
  const header = headings.filter(isTableRow).map((row) => `${row}\n`);
  const above = headings
    .filter((heading) => !isTableRow(heading))
    .slice(-2)
    .map(plainHeading)
    .join(' › ');
  const lines = collapseOmissions(quotation.text.replace(/^\s*\n/, '').trimEnd());
  const body = `${header.join('')}${lines}`;
  const below = above === '' ? body : `${above}: ${isOfLines ? `\n${body}` : body.trimStart()}`;
  const first = units[chosenUnits[0] ?? 0];
  const notes = [...new Set(chosenUnits.flatMap((place) => units[place]?.notes ?? []))];
  const parts = [withSpeaker(below, first, above !== '', isOfLines), ...notes];
  return { text: parts.join(isOfLines ? '\n' : ' '), omitted: quotation.omitted };
}

/** A quotation that begins within a turn names the speaker first. Headings already show that it is not the beginning. */
function withSpeaker(quotation: string, first: Unit | undefined, hasHeadings: boolean, isOfLines: boolean): string {
  if (!first || first.speaker === '' || first.isLabelled) return quotation;
  if (hasHeadings || quotation.startsWith('…')) return `${first.speaker} ${quotation}`;
  return `${first.speaker}${first.isContinued ? ' …' : ''}${isOfLines ? '\n' : ' '}${quotation}`;
}

const FENCES = /^[ \t]*(?:`{3,}|~{3,}).*\n?/gm;

/** A code fence without its partner would turn what follows the excerpt into code. */
const withoutLoneFences = (text: string): string =>
  (text.match(FENCES)?.length ?? 0) % 2 === 0 ? text : text.replace(FENCES, '');

/** A heading without the targets of its links, and without a colon of its own. */
const plainHeading = (heading: string): string =>
  heading.replace(/\[([^\]\n]{1,200})\]\([^()\s]{1,2000}\)/g, '$1').replace(/[:：]([*_]*)\s*$/, '$1');

const LONGEST_HEADING = 200;

/** The headings of the sections that a passage leads into, a line each. */
function outlineOf({ kind, end }: PassageRow, text: string): Unit[] {
  if (kind !== 'steps' && kind !== 'sections') return [];
  return sectionHeadingsAfter(text, end).map((heading) => ({
    ...{
      parts: [`\n- ${truncated(plainHeading(heading), LONGEST_HEADING)}`],
      notes: [],
      speaker: '',
      isLabelled: false,
      isContinued: false,
    },
  }));
}

const HUNK = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/m;

function unitsOf(
  { kind, start, end, source }: PassageRow,
  text: string,
  ended: readonly EndedRange[],
  speakers: Speakers | undefined,
  turns: Turns,
): Unit[] {
  const whole = text.slice(start, end);
  const isDiff = HUNK.test(whole);
  const pieces =
    isDiff || (isBlock(kind) && kind !== 'json')
      ? (whole.match(/[^\n]*\n?/g) ?? [])
      : sentencesOf(whole).map((it) => whole.slice(it.start, it.end));
  let at = start;
  let last: LabelledUnit | undefined;
  const units = pieces
    .filter((piece) => piece !== '')
    .map((piece) => {
      const range = { start: at, end: at + piece.length };
      at = range.end;
      const { parts, notes } = markedText(text, range, isDiff ? [] : ended, speakers);
      const turn = source === '' ? turns.findLast(({ start: from }) => from <= range.start) : undefined;
      last = labelledUnit(text, turn, range.start, last);
      return { parts: parts.map(withPlainLinks), notes, ...speakerOf(last) };
    });
  return isDiff ? withoutReplacedLines(units) : units;
}

const withPlainLinks = (part: MarkedText['parts'][number]) =>
  typeof part === 'string' ? withoutEditorLinks(part) : part;

/** The lines of a unified diff without those that others take the place of. */
function withoutReplacedLines(lines: readonly Unit[]): Unit[] {
  let isReplaced = false;
  return lines
    .toReversed()
    .filter((line) => {
      const text = textWithMarks(line);
      isReplaced = text.startsWith('+') || (isReplaced && text.startsWith('-') && !text.startsWith('---'));
      return !isReplaced || text.startsWith('+');
    })
    .toReversed();
}

/** Where a unit begins, in which turn, and the label of its speaker. */
interface LabelledUnit {
  readonly turn: Turns[number] | undefined;
  readonly place: number;
  readonly label: SpeakerLabel;
  readonly isLabelled: boolean;
}

/** Within a turn only the text since the last unit is searched for another label. */
function labelledUnit(
  text: string,
  turn: Turns[number] | undefined,
  place: number,
  last: LabelledUnit | undefined,
): LabelledUnit {
  const role = turn?.role ?? null;
  const own = role === null ? undefined : labelAt(text, role, place);
  const isSameTurn = last !== undefined && last.turn === turn;
  const label =
    own ?? (isSameTurn ? (latestLabel(text, role, place, last.place) ?? last.label) : speakerLabel(text, role, place));
  return { turn, place, label, isLabelled: own !== undefined };
}

const speakerOf = ({ place, label, isLabelled }: LabelledUnit): Omit<Unit, keyof MarkedText> => ({
  speaker: label.label,
  isLabelled,
  isContinued: label.wordsStart < place,
});

/** How many characters a unit and its notes have, if some ended sentences are marked already. */
const sizeOf = (unit: Unit, marked: ReadonlySet<EndedRange>): number =>
  unit.notes.reduce((sum, note) => sum + note.length + 1, textWithMarks(unit, marked).length);

/** The places of the best unit and of those around it, in their order, of at most `most` characters. */
function chosen(
  units: readonly Unit[],
  { rarity, hasValue }: ExcerptQuery,
  most: number,
  keepFirst: boolean,
): number[] {
  const marked = new Set<EndedRange>();
  let left = most;
  const take = (unit: Unit): boolean => {
    const size = sizeOf(unit, marked);
    if (size > left) return false;
    left -= size;
    for (const range of markedRanges(unit)) marked.add(range);
    return true;
  };
  if (units.every(take)) return units.map((_, place) => place);
  marked.clear();
  left = most;
  const weights = units.map((unit) => {
    const said = [textWithMarks(unit), ...unit.notes].join(' ');
    const held = new Set(termsOf(said));
    const value = hasValue(said) ? Math.max(0, ...rarity.values()) : 0;
    return [...rarity].reduce((sum, [term, weight]) => sum + (held.has(term) ? weight : 0), value);
  });
  const order = units.map((_, place) => place).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  const kept = new Set<number>();
  const keep = (place: number): boolean => {
    const unit = units[place];
    if (unit === undefined || kept.has(place) || !take(unit)) return false;
    kept.add(place);
    return true;
  };
  const best = order[0] ?? 0;
  if (keepFirst) keep(0);
  if (!kept.has(best) && !keep(best)) return [...kept, best];
  for (const place of order.slice(1)) if ((weights[place] ?? 0) >= 0.5 * (weights[best] ?? 0)) keep(place);
  // What follows explains more often than what went before.
  for (let [next, previous] = [best + 1, best - 1]; ; next += 1, previous -= 1) {
    const goesOn = keep(next);
    const goesBack = keep(previous);
    if (!goesOn && !goesBack) break;
  }
  return [...kept].sort((a, b) => a - b);
}

/**
 * The units at some places; `…` marks omitted text, and the speaker is named where another one's turn begins within. An ended sentence has its
 * mark where the first shown part of it begins.
 */
function quotationOf(units: readonly Unit[], places: readonly number[], most = Number.POSITIVE_INFINITY): string {
  const shown: string[] = [];
  let [last, left, said] = [-1, most, ''];
  const marked = new Set<EndedRange>();
  for (const place of places) {
    const unit = units[place] as Unit;
    const { speaker, isLabelled, isContinued } = unit;
    const text = textWithMarks(unit, marked);
    for (const range of markedRanges(unit)) marked.add(range);
    const isOfAnother = shown.length > 0 && speaker !== '' && speaker !== said && !isLabelled;
    const name = isOfAnother ? `${speaker} ` : '';
    const isGap = place > last + 1 || (isOfAnother && isContinued);
    shown.push(isGap ? `${name}…${spaceBefore(text)}` : name);
    shown.push(text.length > left ? `${cutAt(text, left)}…` : text);
    left -= text.length;
    [last, said] = [place, speaker];
    if (left < 0) return shown.join('');
  }
  if (last < units.length - 1) shown.push(/\s$/.test(shown.at(-1) ?? '') ? '…' : ' …');
  return shown.join('');
}

/** What must begin a line, also after the mark of what is left out: an item of a list, a fence. */
const BEGINS_LINE = /^(?:[-*+•]|\d{1,3}[.)])\s|^(?:`{3,}|~{3,})/;
const spaceBefore = (text: string): string => (/^\s/.test(text) ? '' : BEGINS_LINE.test(text) ? '\n' : ' ');

function cutAt(text: string, length: number): string {
  const head = text.slice(0, length);
  const space = head.lastIndexOf(' ');
  const kept = space > length / 2 ? head.slice(0, space) : head;
  return /[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept;
}

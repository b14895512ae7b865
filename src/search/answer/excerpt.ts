import type { PassageRow } from '../../graph/queries/passages.ts';
import { FENCE, isTableRow } from '../../passages/lines.ts';
import { headingsOf } from '../../passages/passages.ts';
import { outlineAfter } from '../../passages/sections.ts';
import { sentencesOf } from '../../passages/sentences.ts';
import { termsOf, withoutEditorLinks } from '../../passages/terms.ts';
import { shortened } from '../../text.ts';
import { day } from '../../time.ts';
import { cutList } from './cut-list.ts';
import type { RankedPassage } from './rank.ts';
import type { EndedRange } from './what-holds.ts';

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

/**
 * The shown part of a passage: all of it if it fits; otherwise the sentences or lines with most of the question's terms, and those around them.
 * A requested list is shown from its beginning. Headings come first. An ended sentence is shown with its end, or replaced by its successor. The
 * text keeps its formatting.
 */
export function excerptOf(
  passage: PassageRow,
  text: string,
  { rarity, hasValue }: ExcerptQuery,
  ended: readonly EndedRange[],
  { most, isWhole }: ExcerptBudget,
): Excerpt {
  const units = [...unitsOf(passage, text, ended).map(withoutEditorLinks), ...outlineOf(passage, text)];
  const shown = isWhole
    ? cutList(units.join(''), (beginning) => beginning.length <= most)
    : {
        text: withoutLoneFences(
          chosen(units, { rarity, hasValue }, most, isBlock(passage.kind) && passage.kind !== 'code').join(''),
        ),
        omitted: 0,
      };
  const headings = headingsOf(text, passage.headings);
  const header = headings.filter(isTableRow).map((row) => `${row}\n`);
  const above = headings
    .filter((heading) => !isTableRow(heading))
    .slice(-2)
    .map(plainHeading)
    .join(' › ');
  const lines = shown.text.replace(/^\s*\n/, '').trimEnd();
  const body = `${header.join('')}${lines}`;
  const whole = above === '' ? body : `${above}: ${isBlock(passage.kind) ? `\n${body}` : body.trimStart()}`;
  return { text: whole, omitted: shown.omitted };
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
function outlineOf({ kind, end }: PassageRow, text: string): string[] {
  return kind === 'steps' || kind === 'sections'
    ? outlineAfter(text, end).map((heading) => `\n- ${shortened(plainHeading(heading), LONGEST_HEADING)}`)
    : [];
}

/** In a unified diff a line that another takes the place of. */
const REPLACED_LINES = /^(?:-(?!--).*\n)+(?=\+)/gm;
const HUNK = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/m;

function unitsOf({ kind, start, end }: PassageRow, text: string, ended: readonly EndedRange[]): string[] {
  const whole = text.slice(start, end);
  if (HUNK.test(whole)) return whole.replace(REPLACED_LINES, '').match(/[^\n]*\n?/g) ?? [];
  const pieces =
    isBlock(kind) && kind !== 'json'
      ? (whole.match(/[^\n]*\n?/g) ?? [])
      : sentencesOf(whole).map((it) => whole.slice(it.start, it.end));
  let at = start;
  return pieces
    .filter((piece) => piece !== '')
    .flatMap((piece) => {
      const from = at;
      at += piece.length;
      const over = ended.find(
        (range) => range.start < at - (piece.length - piece.trimEnd().length) && range.end > from,
      );
      if (!over) return [piece];
      const space = /\s*$/.exec(piece)?.[0] ?? '';
      if (over.replacedBy !== undefined) return [`${over.replacedBy}${space}`];
      return [`until ${day(over.until)}: ${piece.trimEnd()}${space}`];
    });
}

/** The units around the best one, in their order, of at most `most` characters; `…` marks omitted text. */
function chosen(
  units: readonly string[],
  { rarity, hasValue }: ExcerptQuery,
  most: number,
  keepFirst: boolean,
): string[] {
  const length = units.reduce((sum, unit) => sum + unit.length, 0);
  if (length <= most) return [...units];
  const weights = units.map((unit) => {
    const held = new Set(termsOf(unit));
    const value = hasValue(unit) ? Math.max(0, ...rarity.values()) : 0;
    return [...rarity].reduce((sum, [term, weight]) => sum + (held.has(term) ? weight : 0), value);
  });
  const order = units.map((_, place) => place).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  const kept = new Set<number>();
  let left = most;
  const keep = (place: number): boolean => {
    const unit = units[place];
    if (unit === undefined || kept.has(place) || unit.length > left) return false;
    kept.add(place);
    left -= unit.length;
    return true;
  };
  const best = order[0] ?? 0;
  if (keepFirst) keep(0);
  if (!kept.has(best) && !keep(best)) {
    const before = kept.size > 0 ? [units[0] ?? '', ...(best > 1 ? ['… '] : [])] : [];
    return [...before, `${cutAt(units[best] ?? '', left)}…`];
  }
  for (const place of order.slice(1)) if ((weights[place] ?? 0) >= 0.5 * (weights[best] ?? 0)) keep(place);
  // What follows explains more often than what went before.
  for (let [next, previous] = [best + 1, best - 1]; ; next += 1, previous -= 1) {
    const goesOn = keep(next);
    const goesBack = keep(previous);
    if (!goesOn && !goesBack) break;
  }
  const shown: string[] = [];
  let last = -1;
  for (const place of [...kept].sort((a, b) => a - b)) {
    if (place > last + 1) shown.push(FENCE.test(units[place] ?? '') ? '…\n' : '… ');
    shown.push(units[place] ?? '');
    last = place;
  }
  if (last < units.length - 1) shown.push(shown.at(-1)?.endsWith('\n') ? '…' : ' …');
  return shown;
}

function cutAt(text: string, length: number): string {
  const head = text.slice(0, length);
  const space = head.lastIndexOf(' ');
  const kept = space > length / 2 ? head.slice(0, space) : head;
  return /[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept;
}

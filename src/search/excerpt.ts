import type { PassageRow } from '../graph/queries/passages.ts';
import { headingsOf } from '../passages/passages.ts';
import { sentencesOf } from '../passages/sentences.ts';
import { termsOf } from '../passages/terms.ts';
import { day } from '../time.ts';
import type { EndedRange } from './ended.ts';
import type { RankedPassage } from './rank.ts';

/** How much of a passage is shown: prose, and blocks, which are lists, procedures, code, tables, JSON and passages that are joined. */
interface Allowance {
  readonly prose: number;
  readonly block: number;
}

/** The first answers get most room. */
const ALLOWANCES: readonly Allowance[] = [
  { prose: 600, block: 1_000 },
  { prose: 420, block: 700 },
  { prose: 240, block: 420 },
];

export function allowanceOf(place: number, { passage: { kind }, isJoined }: RankedPassage): number {
  const { prose, block } = ALLOWANCES[Math.min(place, ALLOWANCES.length - 1)] as Allowance;
  return isBlock(kind) || isJoined ? block : prose;
}

const BLOCKS = new Set<string>(['list', 'procedure', 'code', 'table', 'json', 'tool']);

/** Whether its lines say something. */
export const isBlock = (kind: string): boolean => BLOCKS.has(kind);

/**
 * What is shown of a passage: all of it where it fits, else the sentences or lines that have most of the question's terms, with what stands
 * around them; headings in front; what has ended with its end, or with what came instead. Text is given as it was handed in.
 */
export function excerptOf(
  passage: PassageRow,
  text: string,
  rarity: ReadonlyMap<string, number>,
  ended: readonly EndedRange[],
  most: number,
): string {
  const units = unitsOf(passage, text, ended);
  const shown = chosen(units, rarity, most, isBlock(passage.kind) && passage.kind !== 'code');
  const above = headingsOf(text, passage.headings).slice(-2).join(' › ');
  const body = shown
    .join('')
    .replace(/^\s*\n/, '')
    .trimEnd();
  return above === '' ? body : `${above}: ${isBlock(passage.kind) ? `\n${body}` : body.trimStart()}`;
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

/** The units around the best one, in their order, of at most `most` characters; `…` stands for what is left out. */
function chosen(
  units: readonly string[],
  rarity: ReadonlyMap<string, number>,
  most: number,
  keepFirst: boolean,
): string[] {
  const length = units.reduce((sum, unit) => sum + unit.length, 0);
  if (length <= most) return [...units];
  const weights = units.map((unit) => {
    const held = new Set(termsOf(unit));
    return [...rarity].reduce((sum, [term, weight]) => sum + (held.has(term) ? weight : 0), 0);
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
  if (!keep(best) && kept.size === 0) return [`${cutAt(units[best] ?? '', most)}…`];
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
    if (place > last + 1) shown.push('… ');
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

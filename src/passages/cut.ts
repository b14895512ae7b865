import type { EpisodeSource } from '../episode.ts';
import { jsonParts } from './cut-json.ts';
import { cutBetweenWords, type Range, sentencesOf, trimmed } from './sentences.ts';

/** Raised when the same text is cut in other places than before. */
export const CUTTER_VERSION = 2;

export type PassageKind = 'paragraph' | 'list' | 'procedure' | 'code' | 'table' | 'turn' | 'json' | 'tool';

/** A part of an episode's text that is found, ranked and shown as one. */
export interface Cut extends Range {
  readonly kind: PassageKind;
  /** Headings, or keys of a JSON document, that it stands below, the outermost first. */
  readonly headings: readonly Range[];
  /** Who says it, in lower case; null where nobody is named. */
  readonly role: string | null;
}

/** Longer prose is cut between sentences, into pieces of about `PIECE` that overlap by a sentence. */
const [LONGEST_PROSE, PIECE] = [900, 600];
/** Longer lists, tables and code are cut between items and lines. */
const LONGEST_BLOCK = 2_400;
/** A longer paragraph above a list leads in with its last sentence only. */
const LONGEST_LEAD_IN = 320;
/** Passages beyond this number are dropped. */
const MOST_PASSAGES = 2_000;

interface Line extends Range {
  readonly text: string;
}

interface Block extends Range {
  readonly kind: Exclude<PassageKind, 'turn' | 'json' | 'tool'>;
  readonly headings: readonly Range[];
}

/** Cuts a text along its structure. What is cut covers all of it but white space and headings that nothing stands below. */
export function cutText(content: string, source: EpisodeSource): Cut[] {
  if (source === 'fact_triple') return [];
  const json = source === 'json' || /^\s*[{[]/.test(content) ? jsonParts(content, LONGEST_PROSE) : undefined;
  if (json) return json.map((part) => ({ ...part, kind: 'json', role: null }));
  const cuts = turnsOf(content, source).flatMap(({ role, ...turn }) =>
    blocksOf(content, turn)
      .flatMap((block) => split(content, block))
      .map(
        (block): Cut => ({ ...block, kind: role !== null && block.kind === 'paragraph' ? 'turn' : block.kind, role }),
      ),
  );
  const whole = trimmed(content, { start: 0, end: content.length });
  // A text of headings only.
  if (cuts.length === 0 && whole.end > whole.start) return [{ ...whole, kind: 'paragraph', headings: [], role: null }];
  return cuts.slice(0, MOST_PASSAGES);
}

const KNOWN_SPEAKERS = /^(?:user|assistant|human|ai|system|agent|model|bot)$/i;
const SPEAKER =
  /^[ \t]*(?:\*\*)?([\p{L}][\p{L}\p{N}_.'’-]*(?: [\p{L}\p{N}_.'’-]+){0,3})(?: ?\([^()\n]{1,40}\))?(?:\*\*)?:(?:\*\*)?(?=\s)/u;

/**
 * Parts of a dialogue. A line that begins with a name and a colon begins one where that is a known role; where there is none, each name counts in
 * a `message`, and in other texts when somebody speaks twice. Only the first line of a text names somebody in any case.
 */
function turnsOf(content: string, source: EpisodeSource): (Range & { readonly role: string | null })[] {
  const lines = linesOf(content, { start: 0, end: content.length });
  const fenced = fencedLines(lines);
  const spoken = lines.flatMap(({ text, start }, place) => {
    const name = fenced.has(place) ? undefined : SPEAKER.exec(text)?.[1];
    return name === undefined ? [] : [{ name: name.toLowerCase(), start, isName: /^\p{Lu}\S*(?: \S+)?$/u.test(name) }];
  });
  const isDialogue = source === 'message' || new Set(spoken.map(({ name }) => name)).size < spoken.length;
  const hasRoles = spoken.some(({ name }) => KNOWN_SPEAKERS.test(name));
  const turnStarts = spoken.filter(({ name, start, isName }) => {
    if (hasRoles) return KNOWN_SPEAKERS.test(name);
    return isName && (isDialogue || content.slice(0, start).trim() === '');
  });
  const first = turnStarts[0]?.start ?? content.length;
  return [
    ...(content.slice(0, first).trim() === '' ? [] : [{ start: 0, end: first, role: null }]),
    ...turnStarts.map(({ name, start }, place) => ({
      start,
      end: turnStarts[place + 1]?.start ?? content.length,
      role: name,
    })),
  ];
}

const FENCE = /^\s*(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/;
/** Of several words, ending as sentences do. */
const SENTENCE = /\s.*[.!?…:;]$|(?:\S+\s+){7}/;
const ITEM = /^(\s*)(?:[-*+•–][ \t]+|(\d{1,3}|[a-z])[.)][ \t]+)(?=\S)/;
const TABLE_ROW = /^\s*\|.*\|/;

function linesOf(content: string, { start, end }: Range): Line[] {
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
function fencedLines(lines: readonly Line[]): Set<number> {
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

/** Paragraphs, lists, code and tables, with what leads into them and the headings above. */
function blocksOf(content: string, turn: Range): Block[] {
  const lines = linesOf(content, turn);
  const fenced = fencedLines(lines);
  const blocks: Block[] = [];
  let path: { readonly level: number; readonly range: Range; readonly line: Range }[] = [];
  let emptyHeading: (typeof path)[number] | undefined;
  let open: { kind: Block['kind']; from: number; indent: number } | undefined;

  const close = (end: number) => {
    if (!open) return;
    const [first, last] = [lines[open.from], lines[end - 1]];
    const { kind } = open;
    open = undefined;
    if (first && last) add(kind, { start: first.start, end: last.end });
  };
  /** A comment of a script or a configuration looks like a heading; with nothing below, a sentence is one. */
  const keepEmptyHeading = () => {
    if (emptyHeading && SENTENCE.test(content.slice(emptyHeading.range.start, emptyHeading.range.end)))
      blocks.push({
        ...emptyHeading.line,
        kind: 'paragraph',
        headings: path.filter((heading) => heading !== emptyHeading).map((heading) => heading.range),
      });
    emptyHeading = undefined;
  };
  const add = (kind: Block['kind'], range: Range) => {
    emptyHeading = undefined;
    const headings = path.map((heading) => heading.range);
    const before = blocks.at(-1);
    const lead =
      kind !== 'paragraph' && before && before.kind === 'paragraph' ? leadIn(content, before, range) : undefined;
    if (lead && lead.start === before?.start) blocks.pop();
    blocks.push({
      ...trimmed(content, { start: lead?.start ?? range.start, end: range.end }),
      kind,
      headings: lead ? (before?.headings ?? headings) : headings,
    });
  };

  for (let place = 0; place < lines.length; place += 1) {
    const { text, start, end } = lines[place] as Line;
    if (fenced.has(place)) {
      if (open?.kind === 'code') continue;
      // A fence that stands inside an item belongs to it.
      if (open && (open.kind === 'list' || open.kind === 'procedure') && indentOf(text) > open.indent) continue;
      close(place);
      let last = place;
      while (fenced.has(last + 1) && !(FENCE.test(lines[last + 1]?.text ?? '') && isClosed(lines, place, last)))
        last += 1;
      add('code', { start, end: (lines[last] as Line).end });
      place = last;
      continue;
    }
    const heading = HEADING.exec(text);
    if (heading) {
      close(place);
      const level = heading[1]?.length ?? 1;
      const from = start + text.indexOf(heading[2] ?? '', level);
      if (emptyHeading && level <= emptyHeading.level) keepEmptyHeading();
      path = path.filter((heading) => heading.level < level);
      emptyHeading = { level, range: { start: from, end: from + (heading[2]?.length ?? 0) }, line: { start, end } };
      path.push(emptyHeading);
      continue;
    }
    if (text.trim() === '') {
      const next = lines[place + 1];
      const goesOn =
        open && (open.kind === 'list' || open.kind === 'procedure') && next !== undefined && continues(next.text, open);
      if (!goesOn) close(place);
      continue;
    }
    const item = ITEM.exec(text);
    if (item) {
      if (open && (open.kind === 'list' || open.kind === 'procedure')) continue;
      close(place);
      open = { kind: item[2] === undefined ? 'list' : 'procedure', from: place, indent: (item[1] ?? '').length };
    } else if (TABLE_ROW.test(text)) {
      if (open?.kind === 'table') continue;
      close(place);
      open = { kind: 'table', from: place, indent: 0 };
    } else if (open?.kind === 'table') {
      close(place);
      open = { kind: 'paragraph', from: place, indent: 0 };
    } else open ??= { kind: 'paragraph', from: place, indent: 0 };
  }
  close(lines.length);
  keepEmptyHeading();
  return blocks.filter(({ start, end }) => end > start);
}

const indentOf = (text: string): number => text.length - text.trimStart().length;

/** After an empty line a list goes on with another item of its kind, or with what is indented below one. */
function continues(text: string, { kind, indent }: { kind: Block['kind']; indent: number }): boolean {
  const item = ITEM.exec(text);
  if (item) return indentOf(text) > indent || (item[2] === undefined) === (kind === 'list');
  return text.trim() !== '' && indentOf(text) > indent;
}

/** Whether the fence that was opened at `from` is closed by the line `at`. */
function isClosed(lines: readonly Line[], from: number, at: number): boolean {
  const mark = FENCE.exec(lines[from]?.text ?? '')?.[1];
  return at > from && mark !== undefined && FENCE.exec(lines[at]?.text ?? '')?.[1]?.startsWith(mark) === true;
}

/** The part of a paragraph that leads into the block below it: all of a short one, the last sentence of a longer one. */
function leadIn(content: string, before: Range, block: Range): Range | undefined {
  const text = content.slice(before.start, before.end);
  const gap = content.slice(before.end, block.start);
  const leads = /[:：]\s*$/.test(text);
  if ((!leads && /\n\s*\n/.test(gap)) || /\n\s*\n\s*\n/.test(gap)) return undefined;
  if (text.length <= LONGEST_LEAD_IN) return before;
  const last = sentencesOf(text).at(-1);
  return leads && last ? { start: before.start + last.start, end: before.end } : undefined;
}

function split(content: string, block: Block): Block[] {
  const isProse = block.kind === 'paragraph';
  if (block.end - block.start <= (isProse ? LONGEST_PROSE : LONGEST_BLOCK)) return [block];
  const text = content.slice(block.start, block.end);
  const units = isProse
    ? sentencesOf(text).flatMap((sentence) => cutBetweenWords(text, sentence, PIECE))
    : unitsOf(text);
  const size = isProse ? PIECE : LONGEST_BLOCK;
  const pieces: Range[] = [];
  for (let first = 0; first < units.length; ) {
    const start = (units[first] as Range).start;
    let last = first;
    while (last + 1 < units.length && (units[last + 1] as Range).end - start <= size) last += 1;
    pieces.push({ start, end: (units[last] as Range).end });
    if (last + 1 >= units.length) break;
    // One sentence stands in both, unless it would be all.
    first = isProse && last > first ? last : last + 1;
  }
  return pieces.map((piece) => ({
    ...block,
    ...trimmed(content, { start: block.start + piece.start, end: block.start + piece.end }),
  }));
}

/** Lines of a block, those of an item together where they are short enough. */
function unitsOf(text: string): Range[] {
  return linesOf(text, { start: 0, end: text.length }).flatMap((line) => cutBetweenWords(text, line, PIECE));
}

import type { EpisodeSource } from '../episode.ts';
import { jsonParts } from './cut-json.ts';
import { FENCE, fencedLines, HEADING, isTableRow, type Line, linesOf } from './lines.ts';
import { headingsIn, markSectionIntroductions } from './sections.ts';
import { cutBetweenWords, type Range, sentencesAcrossLines, sentencesOf, trimmed } from './sentences.ts';
import { isDialogueOfPeople, isPerson, KNOWN_SPEAKERS, SPEAKER_LABEL } from './speakers.ts';

/** Raise when the same text would be cut at other places, or get other headings. */
export const CUTTER_VERSION = 5;

/** `steps` and `sections` lead into sections with headings of their own; those of `steps` are numbered. */
export type PassageKind =
  | 'paragraph'
  | 'list'
  | 'procedure'
  | 'steps'
  | 'sections'
  | 'code'
  | 'table'
  | 'turn'
  | 'json'
  | 'tool';

/** A part of an episode's text that is found, ranked and shown as one unit. */
export interface PassageCut extends Range {
  readonly kind: PassageKind;
  /**
   * Headings, or keys of a JSON document, above it, the outermost first. When a list, table or code block is cut, the headings of later
   * pieces include its introduction and the table's header.
   */
  readonly headings: readonly Range[];
  /** The speaker, in lower case; null if none is named. */
  readonly role: string | null;
}

/** Longer prose is cut between sentences, into pieces of about `PIECE` that overlap by a sentence. */
const [LONGEST_PROSE, PIECE] = [900, 600];
/** Longer lists, tables and code are cut between items and lines. */
export const LONGEST_BLOCK = 2_400;
/** Longer inputs and outputs of tools are cut between lines. */
const LONGEST_TOOL = 1_200;
/** A longer paragraph above a list leads in with its last sentence only. */
const LONGEST_LEAD_IN = 320;
/** Passages beyond this number are dropped. */
const MOST_PASSAGES = 2_000;

interface Block extends Range {
  readonly kind: 'paragraph' | 'list' | 'procedure' | 'steps' | 'sections' | 'code' | 'table';
  readonly headings: readonly Range[];
  /** The introduction: the part before the items. */
  readonly lead?: Range | undefined;
}

interface SpeakerTurn extends Range {
  readonly role: string | null;
  /** Where the text begins, after the speaker's name. */
  readonly textStart: number;
}

/** Cuts a text along its structure. The passages cover the text except white space and headings without text below. */
export function cutText(content: string, source: EpisodeSource): PassageCut[] {
  if (source === 'fact_triple') return [];
  const json = source === 'json' || /^\s*[{[]/.test(content) ? jsonParts(content, LONGEST_PROSE) : undefined;
  if (json) return json.map((part) => ({ ...part, kind: 'json', role: null }));
  const cuts = turnsOf(content, source).flatMap(({ role, ...turn }) =>
    blocksOf(content, linesOfTurn(content, { role, ...turn }))
      .flatMap((block) => split(content, block))
      .map(
        (block): PassageCut => ({
          ...block,
          kind: role !== null && block.kind === 'paragraph' ? 'turn' : block.kind,
          role,
        }),
      ),
  );
  const whole = trimmed(content, { start: 0, end: content.length });
  // A text of headings only.
  if (cuts.length === 0 && whole.end > whole.start) return [{ ...whole, kind: 'paragraph', headings: [], role: null }];
  return cuts.slice(0, MOST_PASSAGES);
}

/**
 * Parts of a dialogue. A line that begins with a name and a colon begins one where that is a known role; where there is none, each name counts in
 * a `message`, and in other texts when a speaker occurs twice. In other texts people count too who speak once each. Only the first line of
 * a text always names a speaker.
 */
function turnsOf(content: string, source: EpisodeSource): SpeakerTurn[] {
  const lines = linesOf(content, { start: 0, end: content.length });
  const fenced = fencedLines(lines);
  const spoken = lines.flatMap(({ text, start }, place) => {
    const [label, name] = (fenced.has(place) ? null : SPEAKER_LABEL.exec(text)) ?? [];
    if (label === undefined || name === undefined) return [];
    return [
      {
        name,
        start,
        textStart: start + label.length,
        isName: /^\p{Lu}\S*(?: \S+)?$/u.test(name),
        text: text.slice(label.length),
        isPlain: /^\p{L}/u.test(label),
      },
    ];
  });
  const isDialogue = source === 'message' || new Set(spoken.map(({ name }) => name.toLowerCase())).size < spoken.length;
  // A heading below the first name makes it a document, and a turn would take the heading in.
  const isDocument = lines.some(
    ({ text, start }, place) => start > (spoken[0]?.start ?? 0) && !fenced.has(place) && HEADING.test(text),
  );
  const isOfPeople = !isDialogue && !isDocument && isDialogueOfPeople(spoken);
  const hasRoles = spoken.some(({ name }) => KNOWN_SPEAKERS.test(name));
  const turnStarts = spoken.filter((line) => {
    if (hasRoles) return KNOWN_SPEAKERS.test(line.name);
    const isNamed = line.isName && (isDialogue || content.slice(0, line.start).trim() === '');
    return isNamed || (isOfPeople && isPerson(line));
  });
  const first = turnStarts[0]?.start ?? content.length;
  return [
    ...(content.slice(0, first).trim() === '' ? [] : [{ start: 0, textStart: 0, end: first, role: null }]),
    ...turnStarts.map(({ name, start, textStart }, place) => ({
      ...{ start, textStart },
      end: turnStarts[place + 1]?.start ?? content.length,
      role: name.toLowerCase(),
    })),
  ];
}

/** Of several words, ending as sentences do. */
const SENTENCE = /\s.*[.!?…:;]$|(?:\S+\s+){7}/;
const ITEM = /^(\s*)(?:[-*+•–][ \t]+|(\d{1,3}|[a-z])[.)][ \t]+)(?=\S)/;
/** Below the header of a table. */
const TABLE_RULE = /^\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?)?\s*$/;

/**
 * The lines of a turn. A heading, list, table or code block that begins beside the speaker's name has a line of its own; above a heading the
 * name is dropped.
 */
function linesOfTurn(content: string, { role, start, textStart, end }: SpeakerTurn): Line[] {
  const lines = linesOf(content, { start, end });
  const [first, ...others] = lines;
  if (!first || role === null || !KNOWN_SPEAKERS.test(role)) return lines;
  const from = textStart + content.slice(textStart, first.end).search(/\S|$/);
  const rest = { start: from, end: first.end, text: content.slice(from, first.end) };
  if (HEADING.test(rest.text)) return [rest, ...others];
  const isBlock = ITEM.test(rest.text) || FENCE.test(rest.text) || isTableRow(rest.text);
  return isBlock ? [{ start, end: textStart, text: content.slice(start, textStart) }, rest, ...others] : lines;
}

/** Paragraphs, lists, code and tables, with what leads into them and the headings above. */
function blocksOf(content: string, lines: readonly Line[]): Block[] {
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
    // Text above a heading does not introduce a block below the heading.
    const isBelowSame = before?.headings.at(-1) === headings.at(-1);
    const lead =
      kind !== 'paragraph' && before?.kind === 'paragraph' && isBelowSame ? leadIn(content, before, range) : undefined;
    if (lead && lead.start === before?.start) blocks.pop();
    blocks.push({
      ...trimmed(content, { start: lead?.start ?? range.start, end: range.end }),
      kind,
      headings,
      lead,
    });
  };

  for (let place = 0; place < lines.length; place += 1) {
    const { text, start, end } = lines[place] as Line;
    if (fenced.has(place)) {
      if (open?.kind === 'code') continue;
      // A fence inside an item belongs to the item.
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
    } else if (isTableRow(text)) {
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
  return markSectionIntroductions(
    content,
    blocks.filter(({ start, end }) => end > start),
    headingsIn(lines),
  );
}

const indentOf = (text: string): number => text.length - text.trimStart().length;

/** After an empty line a list continues with another item of its kind, or with what is indented below one. */
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
  const { start, end, kind, headings } = block;
  const isProse = kind === 'paragraph';
  if (end - start <= (isProse ? LONGEST_PROSE : LONGEST_BLOCK)) return [{ start, end, kind, headings }];
  const text = content.slice(start, end);
  const units = isProse
    ? sentencesAcrossLines(text)
        .flatMap((sentence) => (sentence.end - sentence.start <= PIECE ? [sentence] : linesIn(text, sentence)))
        .flatMap((unit) => cutBetweenWords(text, unit, PIECE))
    : unitsOf(text, kind);
  const pieces = isProse ? joined(units, PIECE, true) : joined(units, LONGEST_BLOCK, false);
  const context = isProse ? [] : contextOf(content, block);
  return pieces.map((piece) => {
    const range = trimmed(content, { start: start + piece.start, end: start + piece.end });
    return { ...range, kind, headings: [...headings, ...context.filter((above) => above.end <= range.start)] };
  });
}

/** Units next to each other, together at most `size` characters long. Overlapping pieces share one unit, unless it is the whole piece. */
function joined(units: readonly Range[], size: number, isOverlapping: boolean): Range[] {
  const pieces: Range[] = [];
  for (let first = 0; first < units.length; ) {
    const from = (units[first] as Range).start;
    let last = first;
    while (last + 1 < units.length && (units[last + 1] as Range).end - from <= size) last += 1;
    pieces.push({ start: from, end: (units[last] as Range).end });
    if (last + 1 >= units.length) break;
    first = isOverlapping && last > first ? last : last + 1;
  }
  return pieces;
}

/** Cuts the input and output of a tool. The first line, which names the call, is the heading of later pieces. */
export function cutToolCall(text: string): PassageCut[] {
  const [call] = linesOf(text, { start: 0, end: text.length }).filter(isWritten);
  const heading = call ? cutBetweenWords(text, trimmed(text, call), LONGEST_CONTEXT).slice(0, 1) : [];
  return joined(unitsOf(text, 'tool'), LONGEST_TOOL, false)
    .map((piece) => trimmed(text, piece))
    .filter(({ start, end }) => end > start)
    .map((range, place): PassageCut => ({ ...range, kind: 'tool', headings: place === 0 ? [] : heading, role: 'tool' }))
    .slice(0, MOST_PASSAGES);
}

/** The longest introduction or header that is a heading of each later piece. */
const LONGEST_CONTEXT = 160;

/** The context of later pieces of a block: the sentence that leads into it, without its colon, and a table's header. */
function contextOf(content: string, { kind, start, end, lead }: Block): Range[] {
  const whole = lead ? content.slice(lead.start, lead.end) : '';
  const sentence = sentencesOf(whole).at(-1);
  const from = (lead?.start ?? 0) + (sentence?.start ?? 0);
  const opening = sentence ? [{ start: from, end: from + whole.slice(sentence.start).search(/[\s:：]*$/) }] : [];
  const [header, rule] = kind === 'table' ? linesOf(content, { start: lead?.end ?? start, end }).filter(isWritten) : [];
  const columns = header && rule && TABLE_RULE.test(rule.text) ? [trimmed(content, header)] : [];
  return [...opening, ...columns].flatMap((range) => cutBetweenWords(content, range, LONGEST_CONTEXT).slice(0, 1));
}

const isWritten = ({ text }: Line): boolean => text.trim() !== '';

/** A sentence of several lines. */
const linesIn = (text: string, { start, end }: Range): Range[] =>
  sentencesOf(text.slice(start, end)).map((line) => ({ start: start + line.start, end: start + line.end }));

/** Lines of a block, those of an item together where they are short enough, so that no sentence of it is cut. */
function unitsOf(text: string, kind: PassageKind): Range[] {
  const lines = linesOf(text, { start: 0, end: text.length });
  const isItem = (line: Line) => ITEM.test(line.text) || (kind !== 'list' && kind !== 'procedure');
  const items: Line[][] = [];
  for (const line of lines) {
    const item = items.at(-1);
    if (item && !isItem(line) && line.end - (item[0] as Line).start <= PIECE) item.push(line);
    else items.push([line]);
  }
  return items.flatMap((item) =>
    cutBetweenWords(text, { start: (item[0] as Line).start, end: (item.at(-1) as Line).end }, PIECE),
  );
}

import type { Range } from './sentences.ts';

/** A paragraph or list item of a text, with its position and its speaker. */
export interface Paragraph extends Range {
  /** Outermost first. */
  readonly headings: readonly string[];
  /** In lower case; null if no speaker is named. */
  readonly speaker: string | null;
}

export const SPEAKER_ROLES: ReadonlySet<string> = new Set([
  'user',
  'assistant',
  'system',
  'human',
  'ai',
  'tool',
  'agent',
  'developer',
]);
/** `Mira: words`, also Graphiti's `Mira(user): words`. */
const SPOKEN =
  /^\s{0,9}([\p{L}_][\p{L}\p{N}_.'’-]{0,40}(?: [\p{L}\p{N}_.'’-]{1,40}){0,3}) {0,2}(?:\([\w ]{1,30}\))?: {1,9}(?=\S)/u;
const FENCE = /^\s{0,20}(?:```|~~~)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.{1,300})/;
const ITEM = /^\s{0,20}(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(?=\S)/;
/** Program output, a table, or a quotation. */
const OUTPUT = /^\s{0,20}(?:[$>|#%]\s|>>>|\d{4}-\d\d-\d\d[T ]\d\d:|\[\d|at \S+ \(|<[a-z/])/i;
const COMMAND = /^\s{0,20}(?:\$|>>>|%)\s/;

/**
 * The parts of a text that consist of sentences, with their positions. Code, commands and their output, quotations and tables are left
 * out.
 */
export function* proseParagraphs(content: string, isDialogue: boolean): Generator<Paragraph> {
  let headings: { level: number; title: string }[] = [];
  let speaker: string | null = null;
  let [isCode, isOutput] = [false, false];
  let open: { start: number; end: number } | null = null;
  const close = (): Paragraph[] => {
    const found = open ? [{ ...open, headings: headings.map(({ title }) => title), speaker }] : [];
    open = null;
    return speaker === 'tool' ? [] : found;
  };
  let at = 0;
  for (const raw of content.split('\n')) {
    const start = at;
    at += raw.length + 1;
    const line = raw.replace(/\r$/, '');
    if (FENCE.test(line)) {
      yield* close();
      isCode = !isCode;
      continue;
    }
    if (isCode) continue;
    const spoken = SPOKEN.exec(line.slice(0, 250));
    const name = spoken?.[1]?.toLowerCase();
    const isTurn = name !== undefined && (isDialogue || SPEAKER_ROLES.has(name));
    const heading = isTurn ? null : HEADING.exec(line);
    if (isTurn || heading || line.trim() === '') {
      yield* close();
      isOutput = false;
    }
    if (heading?.[1] && heading[2]) {
      const level = heading[1].length;
      headings = [...headings.filter((outer) => outer.level < level), { level, title: heading[2].trim() }];
      continue;
    }
    if (COMMAND.test(line)) isOutput = true;
    if (line.trim() === '' || (!isTurn && (isOutput || OUTPUT.test(line)))) {
      yield* close();
      continue;
    }
    const item = ITEM.exec(line);
    if (item) yield* close();
    const lead = isTurn ? (spoken?.[0].length ?? 0) : (item?.[0].length ?? 0);
    if (isTurn) speaker = name;
    const end: number = start + line.length;
    if (open) open = { start: (open as Range).start, end };
    else open = { start: start + lead, end };
  }
  yield* close();
}

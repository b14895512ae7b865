import type { Range } from '../../english/sentences.ts';
import { oneLine } from '../../text.ts';

/*
 * Removes markdown and links for the tagger, which would misread them; answers show the text as written. Code stays between two characters
 * of the private use area until the words are final: sentences must not end inside code, and names are read from it.
 */
const CODE_START = '\uE000';
const CODE_END = '\uE001';
const CODE_SPAN = /\uE000[^\uE000\uE001]*\uE001/g;
const MARKS = /[\uE000\uE001]/g;

const TAG =
  /<\/?(?:img|a|p|br|b|i|em|strong|details|summary|sub|sup|kbd|code|div|span|h[1-6]|ul|ol|li|table|tbody|thead|tr|td|th|center|picture|source|hr|pre|blockquote)\b[^<>]{0,1000}>/gi;
const CODE = /(`{1,3})([^`\n]{1,400})\1/g;
const IMAGE = /!\[[^[\]\n]{0,300}\]\([^()\s]{0,1000}(?:\s[^()]{0,300})?\)/g;
const LINK = /\[([^[\]\n]{0,300})\]\((?:<[^<>\n]{0,1000}>|[^()\s]{0,1000})(?:\s[^()]{0,300})?\)/g;
const URL_TEXT = /<?\bhttps?:\/\/[^\s<>"'`\uE000]{1,2000}(?<![.,;:!?)\]])>?/g;
const EMOJI = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\u{1F1E6}-\u{1F1FF}\uFE0F\u20E3]\u200D?/gu;
const STRONG = /(?<![\w/*])\*\*(?=[^\s/]|$)|(?<=^|[^\s/*])\*\*(?![\w/*])|(?<!\w)__(?=[^\s_])(?![A-Za-z]+__)|~~/g;
const EMPHASIS = /(?<![\w*/\\])\*([^\s*][^*\n]{0,200}?)\*(?![\w*/])|(?<!\w)_([^\s_][^_\n]{0,200}?)_(?!\w)/g;
const HANDLE = String.raw`@[\w-]{1,39}(?:\[bot\])?(?![\w/-])`;
/** "(#123)", "fixes owner/repo#12", "by @someone": where a change was made, and by whom. */
const REFERENCE = String.raw`(?:(?:fixes|closes|resolves|fix|refs?|see|via|in|by|PR|issues?)\s){0,2}(?<![\w&/])(?:[\w.-]{1,40}\/[\w.-]{1,40})?#\d+\b`;
const COMMIT_HASH = String.raw`(?<![\w-])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}(?![\w-])`;
const REFERENCES = new RegExp(
  String.raw`${REFERENCE}|${COMMIT_HASH}|\b(?:by|thanks to|cc)\s${HANDLE}(?:\sin\s{0,9}$)?`,
  'gi',
);
const EMPTY_BRACKETS = /(?<!\w)\((?:\s|,|;){0,9}\)|(?<!\w)\[\s{0,9}\]/g;
const ESCAPED = /\\([\\`*_{}[\]()#+.!|<>~-])/g;

/** Text without markup, with code still marked, and the position of each character in the source. */
export interface MarkedWords {
  readonly text: string;
  readonly places: readonly number[];
}

/** The text of one paragraph. */
export function markedWords(markdown: string): MarkedWords {
  const source = { text: markdown, places: Array.from({ length: markdown.length }, (_, place) => place) };
  const code = replaced(replaced(source, MARKS, empty), CODE, ({ 0: all, 1: ticks = '', 2: words = '', index }) => {
    const start = index + ticks.length + words.length - words.trimStart().length;
    const end = start + words.trim().length;
    return [
      { own: CODE_START, at: index },
      { start, end },
      { own: CODE_END, at: index + all.length - 1 },
    ];
  });
  const linked = replaced(replaced(code, IMAGE, space), LINK, ({ index, 1: words = '' }) => [
    { start: index + 1, end: index + 1 + words.length },
  ]);
  const plain = replaced(outsideCode(linked, withoutMarkup), /\s+/g, space);
  return trimmed(replaced(plain, / +(?=[.,;:!?](?:\s|$))/g, empty));
}

/** Each sentence of the text as written in the source, on one line. A sentence ends at the first white space before the next one. */
export function writtenSentences({ places }: MarkedWords, source: string, sentences: readonly Range[]): string[] {
  const ends = sentences.map(({ end }, place) => {
    const next = sentences[place + 1];
    if (!next) return source.length;
    const [last, first] = [(places[end - 1] ?? 0) + 1, places[next.start] ?? source.length];
    const gap = source.slice(last, first).search(/\s/);
    return gap < 0 ? first : last + gap;
  });
  return sentences.map((_, place) => oneLine(source.slice(ends[place - 1] ?? 0, ends[place])));
}

/** The same length, with letters instead of code, so that punctuation in code does not end a sentence. */
export function withoutCode(marked: string): string {
  return marked.replace(CODE_SPAN, (span) => 'x'.repeat(span.length));
}

/** The final text, and the ranges of its code. */
export function plainWords(marked: string): { text: string; code: Range[] } {
  const code: Range[] = [];
  let text = '';
  let from = 0;
  for (const match of marked.matchAll(CODE_SPAN)) {
    text += marked.slice(from, match.index).replace(MARKS, '');
    code.push({ start: text.length, end: text.length + match[0].length - 2 });
    text += match[0].slice(1, -1);
    from = match.index + match[0].length;
  }
  return { text: text + marked.slice(from).replace(MARKS, ''), code };
}

function outsideCode(marked: MarkedWords, change: (part: MarkedWords) => MarkedWords): MarkedWords {
  const parts: MarkedWords[] = [];
  let from = 0;
  for (const match of marked.text.matchAll(CODE_SPAN)) {
    const end = match.index + match[0].length;
    parts.push(change(partOf(marked, from, match.index)), partOf(marked, match.index, end));
    from = end;
  }
  parts.push(change(partOf(marked, from, marked.text.length)));
  return { text: parts.map(({ text }) => text).join(''), places: parts.flatMap(({ places }) => places) };
}

function withoutMarkup(part: MarkedWords): MarkedWords {
  const emphasised: Replacement = ({ 0: all, index }) => [{ start: index + 1, end: index + all.length - 1 }];
  const escaped: Replacement = ({ index }) => [{ start: index + 1, end: index + 2 }];
  return (
    [
      [TAG, space],
      [URL_TEXT, empty],
      [EMOJI, empty],
      [STRONG, empty],
      [EMPHASIS, emphasised],
      [REFERENCES, empty],
      [EMPTY_BRACKETS, empty],
      [ESCAPED, escaped],
    ] as const
  ).reduce((left, [pattern, kept]) => replaced(left, pattern, kept), part);
}

/** The replacement of a match: a new character, or a part of the text. */
type Replacement = (match: RegExpExecArray) => readonly ({ readonly own: string; readonly at: number } | Range)[];
const empty: Replacement = () => [];
const space: Replacement = ({ index }) => [{ own: ' ', at: index }];

function replaced(marked: MarkedWords, pattern: RegExp, kept: Replacement): MarkedWords {
  const matches = [...marked.text.matchAll(pattern)];
  if (matches.length === 0) return marked;
  let [text, from] = ['', 0];
  const places: number[] = [];
  const keep = ({ start, end }: Range) => {
    text += marked.text.slice(start, end);
    for (let place = start; place < end; place += 1) places.push(marked.places[place] ?? 0);
  };
  for (const match of matches) {
    keep({ start: from, end: match.index });
    for (const part of kept(match)) {
      if ('start' in part) keep(part);
      else {
        text += part.own;
        places.push(marked.places[part.at] ?? 0);
      }
    }
    from = match.index + match[0].length;
  }
  keep({ start: from, end: marked.text.length });
  return { text, places };
}

const partOf = ({ text, places }: MarkedWords, start: number, end: number): MarkedWords => ({
  text: text.slice(start, end),
  places: places.slice(start, end),
});

function trimmed(marked: MarkedWords): MarkedWords {
  const { text } = marked;
  return partOf(marked, text.length - text.trimStart().length, text.trimEnd().length);
}

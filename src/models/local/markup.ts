/**
 * Takes markdown and forge links out of a text and keeps its words. What stood in backticks is marked with two characters
 * of the private use area, because later stages must know that it is code.
 */

export interface Span {
  readonly start: number;
  readonly end: number;
}

const CODE_START = '\uE000';
const CODE_END = '\uE001';
const CODE_SPAN = /\uE000[^\uE000\uE001]*\uE001/g;

const HTML_TAG =
  /<\/?(?:img|a|p|br|b|i|em|strong|details|summary|sub|sup|kbd|code|div|span|h[1-6]|ul|ol|li|table|tbody|thead|tr|td|th|center|picture|source|hr|pre|blockquote)\b[^<>]{0,1000}>/gi;
const HTML_ENTITIES = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
  ['x27', "'"],
  ['39', "'"],
  ['x60', '`'],
  ['x3D', '='],
  ['x2F', '/'],
]);
const IMAGE = /!\[[^[\]\n]{0,300}\]\([^()\s]{0,1000}(?:\s[^()]{0,300})?\)/g;
const LINK =
  /\[([^[\]\n]{0,300})\]\((?:<[^<>\n]{0,1000}>|[^()\s]{0,1000})(?:\s[^()]{0,100}(?:\([^()]{0,100}\)[^()]{0,50})?)?\)/g;
const URL_TEXT = /<?\bhttps?:\/\/[^\s<>"'`\uE000]{1,2000}(?<![.,;:!?)\]])>?/g;
const EMOJI = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\u{1F1E6}-\u{1F1FF}\uFE0F\u20E3]\u200D?/gu;
const STRONG = /(?<![\w/*])\*\*(?=\S|$)|(?<=^|[^\s/*])\*\*(?![\w/*])|(?<!\w)__(?=[^\s_])(?![A-Za-z]+__)|~~/g;
const EMPHASIS = /(?<![\w*/\\])\*([^\s*][^*\n]{0,200}?)\*(?![\w*/])|(?<!\w)_([^\s_][^_\n]{0,200}?)_(?!\w)/g;
const REFERENCE = String.raw`(?:(?:fixes|closes|resolves|fix|refs?|see|via|in|by|PR|issues?)\s)?(?:[\w.-]{1,40}\/[\w.-]{1,40})?#\d+`;
const HASH = String.raw`(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}`;
const HANDLE = String.raw`@[\w-]{1,39}(?:\[bot\])?`;
const IN_BRACKETS = new RegExp(
  String.raw`\(\s{0,9}(?:(?:${REFERENCE}|[0-9a-f]{7,40}(?![\w-])|${HANDLE})(?:[\s,;&]{1,9}(?:and\s)?|(?=\))))+\)`,
  'gi',
);
const LOOSE_REFERENCE =
  /(?:\b(?:fixes|closes|resolves|fix|refs?|see|via|from|in|by|PR|issues?|pull request)\s){0,2}(?<![\w&/])(?:[\w.-]{1,40}\/[\w.-]{1,40})?#\d+\b/gi;
const LOOSE_HASH = new RegExp(String.raw`(?<![\w-])${HASH}(?![\w-])`, 'g');
const CREDIT = new RegExp(
  String.raw`\b(?:by|thanks to|thanks|cc|credits? to|via)\s${HANDLE}(?:,?\s(?:and\s)?${HANDLE}){0,9}(?:\sin\s{0,9}$)?`,
  'gi',
);
const ONLY_HANDLES = new RegExp(String.raw`^(?:${HANDLE}|[\s,&*-]|and\b){1,200}$`);
const ESCAPED = /\\([\\`*_{}[\]()#+.!|<>~-])/g;
const LEFT_EMPTY = /\((?:\s|,|;){1,9}\)|\[\s{1,9}\]/g;

/** The words of one block of markdown, code still marked. `unmarked` or `withoutMarks` ends the work. */
export function cleaned(markdown: string): string {
  const code = markCode(decodeEntities(markdown.replace(/[\uE000\uE001]/g, '')));
  const text = outsideCode(unlinked(code), strip);
  const words = text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ +([.,;:!?](?:\s|$))/g, '$1')
    .trim();
  return ONLY_HANDLES.test(words) ? '' : words;
}

/** The final text and where its code stands. */
export function unmarked(marked: string): { text: string; code: Span[] } {
  const code: Span[] = [];
  let text = '';
  let from = 0;
  for (const match of marked.matchAll(CODE_SPAN)) {
    text += withoutMarks(marked.slice(from, match.index));
    code.push({ start: text.length, end: text.length + match[0].length - 2 });
    text += match[0].slice(1, -1);
    from = match.index + match[0].length;
  }
  return { text: text + withoutMarks(marked.slice(from)), code };
}

export function withoutMarks(marked: string): string {
  return marked.replace(/[\uE000\uE001]/g, '');
}

/** The same length, with code made of letters only, for whoever looks for punctuation. */
export function codeBlanked(marked: string): string {
  return marked.replace(CODE_SPAN, (span) => 'x'.repeat(span.length));
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(x?[0-9A-Fa-f]{2})|([a-z]{2,4}));/g, (all, number, name) => {
    return HTML_ENTITIES.get(number ?? name) ?? all;
  });
}

function markCode(text: string): string {
  return text.replace(/(`{1,3})([^`\n]{1,400})\1/g, (_, __, code: string) => `${CODE_START}${code.trim()}${CODE_END}`);
}

function unlinked(text: string): string {
  return text.replace(IMAGE, ' ').replace(LINK, '$1');
}

function outsideCode(text: string, change: (part: string) => string): string {
  let result = '';
  let from = 0;
  for (const match of text.matchAll(CODE_SPAN)) {
    result += change(text.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return result + change(text.slice(from));
}

function strip(text: string): string {
  return text
    .replace(HTML_TAG, ' ')
    .replace(URL_TEXT, '')
    .replace(EMOJI, '')
    .replace(STRONG, '')
    .replace(EMPHASIS, (_, star, underscore) => star ?? underscore)
    .replace(IN_BRACKETS, '')
    .replace(LOOSE_REFERENCE, '')
    .replace(LOOSE_HASH, '')
    .replace(CREDIT, '')
    .replace(LEFT_EMPTY, '')
    .replace(ESCAPED, '$1');
}

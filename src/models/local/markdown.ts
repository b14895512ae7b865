import type { Range } from '../../english/sentences.ts';

/*
 * Takes markdown and links out of a text and keeps its words. What stood in backticks is marked with two characters of the private use
 * area until the text is final, since sentences must not end in it and names are read from it.
 */
const CODE_START = '\uE000';
const CODE_END = '\uE001';
const CODE_SPAN = /\uE000[^\uE000\uE001]*\uE001/g;
const MARKS = /[\uE000\uE001]/g;

const TAG =
  /<\/?(?:img|a|p|br|b|i|em|strong|details|summary|sub|sup|kbd|code|div|span|h[1-6]|ul|ol|li|table|tbody|thead|tr|td|th|center|picture|source|hr|pre|blockquote)\b[^<>]{0,1000}>/gi;
const IMAGE = /!\[[^[\]\n]{0,300}\]\([^()\s]{0,1000}(?:\s[^()]{0,300})?\)/g;
const LINK = /\[([^[\]\n]{0,300})\]\((?:<[^<>\n]{0,1000}>|[^()\s]{0,1000})(?:\s[^()]{0,300})?\)/g;
const URL_TEXT = /<?\bhttps?:\/\/[^\s<>"'`\uE000]{1,2000}(?<![.,;:!?)\]])>?/g;
const EMOJI = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\u{1F1E6}-\u{1F1FF}\uFE0F\u20E3]\u200D?/gu;
const STRONG = /(?<![\w/*])\*\*(?=\S|$)|(?<=^|[^\s/*])\*\*(?![\w/*])|(?<!\w)__(?=[^\s_])(?![A-Za-z]+__)|~~/g;
const EMPHASIS = /(?<![\w*/\\])\*([^\s*][^*\n]{0,200}?)\*(?![\w*/])|(?<!\w)_([^\s_][^_\n]{0,200}?)_(?!\w)/g;
const HANDLE = String.raw`@[\w-]{1,39}(?:\[bot\])?`;
/** "(#123)", "fixes owner/repo#12", "by @someone": where a change was made, and by whom. */
const REFERENCE = String.raw`(?:(?:fixes|closes|resolves|fix|refs?|see|via|in|by|PR|issues?)\s){0,2}(?<![\w&/])(?:[\w.-]{1,40}\/[\w.-]{1,40})?#\d+\b`;
const HASH = String.raw`(?<![\w-])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}(?![\w-])`;
const REFERENCES = new RegExp(String.raw`${REFERENCE}|${HASH}|\b(?:by|thanks to|cc)\s${HANDLE}(?:\sin\s{0,9}$)?`, 'gi');
const LEFT_EMPTY = /(?<!\w)\((?:\s|,|;){0,9}\)|(?<!\w)\[\s{0,9}\]/g;
const ESCAPED = /\\([\\`*_{}[\]()#+.!|<>~-])/g;

/** The words of one paragraph, code still marked. */
export function markedWords(markdown: string): string {
  const code = markdown
    .replace(MARKS, '')
    .replace(/(`{1,3})([^`\n]{1,400})\1/g, (_, __, words: string) => `${CODE_START}${words.trim()}${CODE_END}`)
    .replace(IMAGE, ' ')
    .replace(LINK, '$1');
  return outsideCode(code, withoutMarkup)
    .replace(/\s+/g, ' ')
    .replace(/ +([.,;:!?](?:\s|$))/g, '$1')
    .trim();
}

/** The same length, with code made of letters only, so that its punctuation ends no sentence. */
export function withoutCode(marked: string): string {
  return marked.replace(CODE_SPAN, (span) => 'x'.repeat(span.length));
}

/** The final text, and where its code stands. */
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

function outsideCode(text: string, change: (part: string) => string): string {
  let result = '';
  let from = 0;
  for (const match of text.matchAll(CODE_SPAN)) {
    result += change(text.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return result + change(text.slice(from));
}

function withoutMarkup(text: string): string {
  return text
    .replace(TAG, ' ')
    .replace(URL_TEXT, '')
    .replace(EMOJI, '')
    .replace(STRONG, '')
    .replace(EMPHASIS, (_, star, underscore) => star ?? underscore)
    .replace(REFERENCES, '')
    .replace(LEFT_EMPTY, '')
    .replace(ESCAPED, '$1');
}

import { InvalidInputError } from './errors.ts';

/**
 * Rejects characters that the stores cannot return unchanged: FalkorDB's parser stops at NUL, and a lone surrogate has no UTF-8 form.
 * @throws InvalidInputError naming `what` and the place
 */
export function checkText(text: string, what: string): string {
  if (typeof text !== 'string') throw new InvalidInputError(`${what} must be text.`);
  const nul = text.indexOf('\0');
  if (nul >= 0) throw new InvalidInputError(`${what} has a NUL character at position ${nul + 1}; take it out.`);
  if (!text.isWellFormed())
    throw new InvalidInputError(`${what} has half a character (a lone surrogate); store it as valid Unicode.`);
  return text;
}

// Sequences of a terminal: colours and cursor, titles and clipboard, other strings, single letters; colours also as JSON and shells write them.
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /(?:\u001b\[|\u009b)[0-?]{0,64}[ -/]{0,8}[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0090\u0098\u009c-\u009f]{0,4096}(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]{0,4}[0-~]|\\(?:u001[bB]|x1[bB]|033|e)\[[\d;]{0,32}m/g;
/** Control characters except line breaks and tabs, marks of writing direction, and invisible letters. */
const CONTROL =
  /(?![\n\t])[\p{Cc}\u00AD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u2069\uFEFF\u{E0000}-\u{E007F}]/gu;

/** A text without characters that control a terminal or are invisible to a reader. */
export function plainText(text: string): string {
  return text.replace(SEQUENCES, '').replace(/\r\n?/g, '\n').replace(CONTROL, '');
}

/** For a terminal: characters that would move its cursor or rename its window are shown as JSON writes them. */
export function printable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(CONTROL, (one) => [...Array(one.length).keys()].map((at) => escaped(one.charCodeAt(at))).join(''));
}

const escaped = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

const UNTIDY = /[^\S ]| {2}|^ | $/;

/** White space runs become one space, so that any text fits on one line. */
export function oneLine(text: string): string {
  // Most texts need no change, and testing is faster than replacing.
  return UNTIDY.test(text) ? text.replace(/\s+/g, ' ').trim() : text;
}

/** At most `length` characters, cut at the end of a sentence or a word if possible, and never inside a character. */
export function truncated(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = text.slice(0, length - 1);
  const cut = Math.max(head.search(/[.!?] [^.!?]*$/) + 1, head.lastIndexOf(' '));
  const kept = (cut > length / 2 ? head.slice(0, cut) : head).trimEnd();
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** The complete sentences that fit into `length` characters. If the first sentence is too long, it is cut as by `truncated`. */
export function truncatedToSentences(text: string, length: number): string {
  if (text.length <= length) return text;
  const ends = [...text.slice(0, length + 1).matchAll(/[.!?]["')\]]*(?=\s)|[。！？]/g)].map(
    (end) => end.index + end[0].length,
  );
  const last = ends.findLast((end) => end <= length);
  return last === undefined ? truncated(text, length) : text.slice(0, last);
}

/** A copy of the value with every text in it changed, in lists and objects at any depth. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((inner) => mapTexts(inner, change));
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, change)]));
}

/** Soft hyphens and other invisible characters. */
const INVISIBLE = /[\u00AD\u200B\u2060\uFEFF]/g;
const isPlain = (text: string): boolean => /^[\x20-\x7E]*$/.test(text);

/**
 * The form in which two names or two facts are the same: lower case, white space runs as one space (graphiti's exact key), and one
 * spelling for what Unicode can spell in several ways.
 */
export function canonicalKey(text: string): string {
  return graphitiKey(isPlain(text) ? text : text.normalize('NFKC').replace(INVISIBLE, ''));
}

const graphitiKey = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ').trim();

/** The spellings under which a graph may store a name, with the keys that earlier releases derived from them. */
export function unicodeForms(name: string): { name: string; key: string }[] {
  const forms = isPlain(name)
    ? [name]
    : [name, ...['NFC', 'NFD', 'NFKC'].map((form) => name.replace(INVISIBLE, '').normalize(form))];
  return [...new Set(forms)].map((form) => ({ name: form, key: graphitiKey(form) }));
}

/** A copy of a part of a text: V8 keeps the whole text while any slice of it is referenced. */
export const detachSlice = (part: string): string => Buffer.from(part, 'utf16le').toString('utf16le');

import { oneLine } from '../text.ts';

/** What stands between these marks was told by the memory and must not be learnt from. */
export const RECALL_BEGIN = '<recalled-memory>';
export const RECALL_END = '</recalled-memory>';

const BETWEEN = /<recalled-memory\b[^>]*>[\s\S]*?(?:<\/recalled-memory>|$)/gi;
const MARKS = /<\/?recalled-memory\b[^>]*>/gi;
/** Shorter ones are words that anybody would use. */
const LEAST = 12;
const ORNAMENT = /[\s*_`]+/g;
const SPECIAL = /[\\^$.*+?()[\]{}|/]/g;

/** Takes out what the memory told; after a mark without its end, everything. */
export function strippedOfRecalled(text: string): string {
  return text.includes('<') ? text.replace(BETWEEN, '') : text;
}

/** The sentences of an answer of the memory, as an agent may repeat them. */
export function recalledSentences(answer: string): string[] {
  return answer
    .replaceAll(MARKS, '')
    .split('\n')
    .map((line) => oneLine(line.replace(/^\s*[-*•]\s+/, '').replace(/\s*\([^()]*\)\s*$/, '')).replace(/[.!?…]+$/, ''))
    .filter((sentence) => sentence.length >= LEAST);
}

/** Takes the sentences that were recalled out of what an agent said; what else stands in their lines stays. */
export function withoutRecalled(text: string, sentences: Iterable<string>): string {
  const plain = plainly(text);
  const repeated = [...sentences].filter((sentence) => plain.includes(plainly(sentence)));
  if (repeated.length === 0) return text;
  // The longest first: one may be the beginning of another.
  repeated.sort((a, b) => b.length - a.length);
  const any = new RegExp(repeated.map(loosely).join('|'), 'gi');
  return text
    .replace(any, '\0')
    .split('\n')
    .filter((line) => !line.includes('\0') || /[\p{L}\p{N}]/u.test(line.replace(/\([^()]*\)/g, '')))
    .join('\n')
    .replaceAll('\0', '');
}

const plainly = (text: string): string => text.toLowerCase().replace(ORNAMENT, ' ');

/** However it is spaced, broken into lines or set in bold. */
const loosely = (sentence: string): string =>
  sentence
    .split(ORNAMENT)
    .filter(Boolean)
    .map((word) => word.replace(SPECIAL, '\\$&'))
    .join('[\\s*_`]+');

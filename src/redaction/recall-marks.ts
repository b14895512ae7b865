import { oneLine } from '../text.ts';
import { tagPattern, tagsIn } from './tags.ts';

/** Text between these marks came from the memory and must not be stored again. */
export const RECALL_BEGIN = '<recalled-memory>';
export const RECALL_END = '</recalled-memory>';

const MARK = tagPattern('recalled-memory');
/** Shorter sentences are too common to be recognised. */
const LEAST = 12;
/** Answers have no longer lines. */
const LONGEST_LINE = 4_000;
/** The speaker is not part of the sentence. */
const ROLE_PREFIX = /^(?:user|assistant|system|tool): /;
const ORNAMENT = /[\s*_`]+/g;
const SPECIAL = /[\\^$.*+?()[\]{}|/]/g;

/** Removes recalled text: everything between two marks, everything after a mark without an end, and single marks. */
export function withoutRecallMarks(text: string): string {
  const marks = tagsIn(text, MARK);
  if (marks.length === 0) return text;
  const kept: string[] = [];
  let [from, isInside] = [0, false];
  for (const mark of marks) {
    if (!isInside) kept.push(text.slice(from, mark.from));
    isInside = !mark.isEnd;
    from = mark.to;
  }
  if (!isInside) kept.push(text.slice(from));
  return kept.join('');
}

/** The sentences of an answer of the memory, as an agent may repeat them. */
export function recalledSentences(answer: string): string[] {
  return answer.split('\n').flatMap((line) => {
    if (line.length > LONGEST_LINE || tagsIn(line, MARK).length > 0) return [];
    const bullet = oneLine(line)
      .replace(/^[-*•] /, '')
      .replace(ROLE_PREFIX, '');
    const sentence = bullet.replace(/ ?\([^()]*\)$/, '').replace(/[.!?…]{1,20}$/, '');
    return sentence.length >= LEAST ? [sentence] : [];
  });
}

/** Removes recalled sentences from an agent's text; the rest of their lines stays. */
export function withoutRecalledSentences(text: string, sentences: Iterable<string>): string {
  const plain = normalized(text);
  const repeated = [...sentences].filter((sentence) => plain.includes(normalized(sentence)));
  if (repeated.length === 0) return text;
  // Longest first, because one sentence may be the beginning of another.
  repeated.sort((a, b) => b.length - a.length);
  const any = new RegExp(repeated.map(looseForm).join('|'), 'gi');
  return text
    .replace(any, '\0')
    .split('\n')
    .filter((line) => !line.includes('\0') || /[\p{L}\p{N}]/u.test(line.replace(/\([^()]*\)/g, '')))
    .join('\n')
    .replaceAll('\0', '');
}

const normalized = (text: string): string => text.toLowerCase().replace(ORNAMENT, ' ');

/** Ignores spacing, line breaks and bold marks. */
const looseForm = (sentence: string): string =>
  sentence
    .split(ORNAMENT)
    .filter(Boolean)
    .map((word) => word.replace(SPECIAL, '\\$&'))
    .join('[\\s*_`]+');

import { sentenceEnds } from '../english/sentences.ts';
import { oneLine } from '../text.ts';
import { tagPattern, tagsIn } from './tags.ts';

/** Text between these marks came from the memory and must not be stored again. */
export const RECALL_BEGIN = '<recalled-memory>';
export const RECALL_END = '</recalled-memory>';

const MARK = tagPattern('recalled-memory');
/** Shorter sentences are too common to be recognised. */
const LEAST = 12;
/** The same for a sentence within a line: at least so many characters and words. */
const [LEAST_OF_PART, LEAST_WORDS_OF_PART] = [16, 3];
/** Answers have no longer lines. */
const LONGEST_LINE = 4_000;
/** The speaker is not part of the sentence. */
const ROLE_PREFIX = /^(?:user|assistant|system|tool): /;
/** What a briefing quotes of earlier sessions. */
const QUOTATION = /“([^“”]{1,2000})”/g;
const END_OF_SENTENCE = /[.!?…]{1,20}$/;
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

/**
 * What an agent may repeat of an answer of the memory: each line, and if a line has several sentences or quotes some, each of these. A line
 * comes before its parts.
 */
export function recalledSentences(answer: string): string[] {
  return answer.split('\n').flatMap((line) => {
    if (line.length > LONGEST_LINE || tagsIn(line, MARK).length > 0) return [];
    const bullet = oneLine(line)
      .replace(/^[-*•] /, '')
      .replace(ROLE_PREFIX, '');
    const whole = bullet.replace(/ ?\([^()]*\)$/, '');
    const sentence = whole.replace(END_OF_SENTENCE, '');
    return sentence.length >= LEAST ? [...new Set([sentence, ...partsOf(whole)])] : [];
  });
}

function partsOf(line: string): string[] {
  const quoted = [...line.matchAll(QUOTATION)].map(([, words = '']) => words);
  const texts = quoted.length === 0 ? [line] : quoted;
  return [...quoted, ...texts.flatMap(sentencesIn)]
    .map((part) => part.trim().replace(ROLE_PREFIX, '').replace(END_OF_SENTENCE, ''))
    .filter((part) => part.length >= LEAST_OF_PART && part.split(' ').length >= LEAST_WORDS_OF_PART);
}

function sentencesIn(text: string): string[] {
  const ends = sentenceEnds(text);
  return [...ends, text.length].map((end, index) => text.slice(ends[index - 1] ?? 0, end));
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

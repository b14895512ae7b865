import { type Range, sentenceEnds } from '../english/sentences.ts';

export type { Range };

/** Pieces of at most `longest` units, cut between words where there are any, and never inside a character. */
export function cutBetweenWords(text: string, { start, end }: Range, longest: number): Range[] {
  const parts: Range[] = [];
  for (let at = start; at < end; ) {
    if (end - at <= longest) {
      parts.push({ start: at, end });
      break;
    }
    const space = text.lastIndexOf(' ', at + longest);
    let stop = space > at ? space + 1 : at + longest;
    if (/[\uD800-\uDBFF]/.test(text[stop - 1] ?? '')) stop -= 1;
    parts.push({ start: at, end: stop });
    at = stop;
  }
  return parts;
}

/** Sentences of a text with the white space behind them, which cover all of it but white space alone. */
export function sentencesAcrossLines(text: string): Range[] {
  return between(
    text,
    sentenceEnds(text).map((end) => end + whiteSpaceAt(text, end)),
  );
}

/** The same with lines of their own as sentences. */
export function sentencesOf(text: string): Range[] {
  return sentencesAcrossLines(text).flatMap((sentence) => {
    const words = text.slice(sentence.start, sentence.end);
    const breaks = [...words.trimEnd().matchAll(/\n+/g)].map(({ index, 0: all }) => index + all.length);
    return between(words, breaks).map(({ start, end }) => ({
      start: sentence.start + start,
      end: sentence.start + end,
    }));
  });
}

function whiteSpaceAt(text: string, place: number): number {
  let end = place;
  while (end < text.length && /\s/.test(text[end] ?? '')) end += 1;
  return end - place;
}

function between(text: string, breaks: readonly number[]): Range[] {
  const starts = [0, ...breaks.filter((place) => place < text.length)];
  return starts
    .map((start, place) => ({ start, end: starts[place + 1] ?? text.length }))
    .filter(({ start, end }) => text.slice(start, end).trim() !== '');
}

/** Without white space at its ends, but for the indentation of its first line. */
export function trimmed(content: string, { start, end }: Range): Range {
  const text = content.slice(start, end);
  const lead = /^(?:[ \t]*\n)*/.exec(text)?.[0].length ?? 0;
  return { start: start + lead, end: start + Math.max(lead, text.trimEnd().length) };
}

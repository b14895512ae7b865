/** From `start` up to before `end`, in UTF-16 units of a text. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/*
 * Sentence boundaries for all modules: extraction, statements, passages, excerpts and forgetting must agree on them.
 */

const END = /(?<![.!?…])[.!?…]{1,20}["')\]”’]{0,4}(?=\s)|[。！？]{1,20}/g;
/** Never the end of a sentence. */
const TITLE = /(?:^|[\s("'])(?:e\.g|i\.e|z\.\s?b|vs|cf|ca|bzw|approx|incl|esp|resp|no|nr|fig|mr|mrs|ms|dr|prof|st)\.$/i;
/** Ends a sentence only before a word that can begin one. */
const SHORTENED =
  /(?:^|[\s("'])(?:etc|usw|jr|sr|inc|ltd|co|corp|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|\p{L})\.$/iu;
const BEGINS =
  /^\s+["'(“‘]?(?:the|a|an|this|that|these|those|it|its|we|our|they|their|he|she|i|you|there|here|in|on|at|for|from|with|to|by|as|if|when|while|after|before|since|until|but|and|or|so|then|now|also|all|both|each|every|no|not|one|two|three|four|five|six|never|always|please|use|run|see|what|who|how|why|where)\b/i;

/** Quoted sentences are another person's, so they do not count as separate sentences. */
const QUOTATION = /(?<![\p{L}\p{N}])["“«](?=\S)[^"“”«»\n]{1,400}?(?<=\S)["”»](?![\p{L}\p{N}])/gu;

/**
 * Cuts a text into sentences; the ranges leave out white space around them. A quotation is not split and stays in its sentence.
 * @param from the position of the text in a larger text
 */
export function sentenceRanges(text: string, from = 0): Range[] {
  const ends = [...sentenceEnds(text), text.length];
  return ends.flatMap((end, place) => {
    const start = ends[place - 1] ?? 0;
    const raw = text.slice(start, end);
    const lead = raw.length - raw.trimStart().length;
    const length = raw.trim().length;
    return length > 0 ? [{ start: from + start + lead, end: from + start + lead + length }] : [];
  });
}

/** The positions after the last punctuation mark of each complete sentence. */
export function sentenceEnds(text: string): number[] {
  const quotations = [...text.matchAll(QUOTATION)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
  let place = 0;
  return [...text.matchAll(END)].flatMap((match) => {
    const end = match.index + match[0].length;
    while ((quotations[place]?.end ?? Number.POSITIVE_INFINITY) <= end) place += 1;
    const isQuoted = (quotations[place]?.start ?? end) < end;
    return !isQuoted && endsSentence(text, match[0], end) ? [end] : [];
  });
}

function endsSentence(text: string, mark: string, end: number): boolean {
  if (!mark.startsWith('.')) return true;
  const before = text.slice(Math.max(0, end - 12), end);
  if (TITLE.test(before)) return false;
  const next = text.slice(end, end + 20);
  if (SHORTENED.test(before)) return BEGINS.test(next) && /^\s+["'(“‘]?\p{Lu}/u.test(next);
  return !/^\s?\p{Ll}/u.test(next) || mark.length === 1;
}

/** A part of a text, in UTF-16 units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const END = /(?<![.!?…])[.!?…]{1,20}["')\]”’]{0,4}(?=\s)|[。！？]{1,20}/g;
/** Never the end of a sentence. */
const TITLE = /(?:^|[\s(])(?:e\.g|i\.e|vs|cf|approx|incl|esp|resp|no|fig|mr|mrs|ms|dr|prof|st)\.$/i;
/** The end of a sentence only before a word that begins one. */
const SHORTENED = /(?:^|[\s(])(?:etc|jr|sr|inc|ltd|co|corp|[a-z])\.$/i;
const BEGINS =
  /^\s+["'(“‘]?(?:the|a|an|this|that|these|those|it|its|we|our|they|their|he|she|i|you|there|here|in|on|at|for|from|with|to|by|as|if|when|while|after|before|since|until|but|and|or|so|then|now|also|all|both|each|every|no|not|one|two|three|four|five|six|never|always|please|use|run|see|what|who|how|why|where)\b/i;

/** Cuts a text into sentences; the ranges leave out white space around them. @param from where in a larger text it stands */
export function sentenceRanges(text: string, from = 0): Range[] {
  const found: Range[] = [];
  let start = 0;
  const add = (end: number) => {
    const raw = text.slice(start, end);
    const lead = raw.length - raw.trimStart().length;
    const length = raw.trim().length;
    if (length > 0) found.push({ start: from + start + lead, end: from + start + lead + length });
    start = end;
  };
  for (const match of text.matchAll(END)) {
    const end = match.index + match[0].length;
    if (endsSentence(text, match[0], end)) add(end);
  }
  add(text.length);
  return found;
}

function endsSentence(text: string, mark: string, end: number): boolean {
  if (!mark.startsWith('.')) return true;
  const before = text.slice(Math.max(0, end - 12), end);
  if (TITLE.test(before)) return false;
  const next = text.slice(end, end + 20);
  if (SHORTENED.test(before)) return BEGINS.test(next) && /^\s+["'(“‘]?\p{Lu}/u.test(next);
  return !/^\s?\p{Ll}/u.test(next) || mark.length === 1;
}

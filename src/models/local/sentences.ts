import { codeBlanked } from './markup.ts';

/** The tagger slows down with the length of a sentence, and nobody writes a longer one. */
const LONGEST = 600;
const END = /(?<![.!?…])[.!?…]{1,20}["')\]”’]{0,4}(?=\s)|[。！？]{1,20}/g;
const ABBREVIATION =
  /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|incl|esp|resp|no|fig|mr|mrs|ms|dr|prof|st|jr|sr|inc|ltd|co|corp|[a-z])\.$/i;

/** Cuts cleaned text, code still marked, into sentences of at most 600 characters. */
export function sentences(text: string): string[] {
  const plain = codeBlanked(text);
  const found: string[] = [];
  let start = 0;
  for (const match of plain.matchAll(END)) {
    const end = match.index + match[0].length;
    if (!endsSentence(plain, match[0], end)) continue;
    found.push(...pieces(text.slice(start, end)));
    start = end;
  }
  found.push(...pieces(text.slice(start)));
  return found;
}

function endsSentence(plain: string, mark: string, end: number): boolean {
  if (!mark.startsWith('.')) return true;
  if (ABBREVIATION.test(plain.slice(Math.max(0, end - 12), end))) return false;
  const next = plain.slice(end, end + 2).trimStart();
  return !/^\p{Ll}/u.test(next) || mark.length === 1;
}

function pieces(text: string): string[] {
  const cut: string[] = [];
  let rest = text.trim();
  while (rest.length > LONGEST) {
    const space = rest.lastIndexOf(' ', LONGEST);
    const end = space > 0 ? space : LONGEST;
    cut.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return rest ? [...cut, rest] : cut;
}

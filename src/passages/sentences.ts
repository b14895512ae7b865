/** From `start` up to before `end`, in UTF-16 units of the episode's text. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

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

const NO_END =
  /(?:^|[\s("'])(?:\p{Lu}|[Dd]r|[Pp]rof|[Mm]rs?|[Mm]s|[Ss]t|[Nn]o|[Nn]r|vs|etc|e\.g|i\.e|z\.B|ca|approx|incl|resp|Inc|Ltd|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|[Ff]ig|bzw|usw)\.$/u;

/** Sentences of a text with the white space behind them; lines of their own count as such. */
export function sentencesOf(text: string): Range[] {
  const ends: number[] = [];
  for (const match of text.matchAll(/[.!?…]+["'”’)\]]*\s+|[。！？]+\s*|\n+/g)) {
    const after = match.index + match[0].length;
    const next = text[after] ?? '';
    if (match[0].startsWith('.') && !match[0].includes('\n')) {
      if (NO_END.test(text.slice(Math.max(0, match.index - 8), match.index + 1))) continue;
      if (/\p{Ll}/u.test(next)) continue;
    }
    ends.push(after);
  }
  const starts = [0, ...ends.filter((end) => end < text.length)];
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

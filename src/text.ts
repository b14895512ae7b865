import { InvalidInput } from './errors.ts';

/**
 * Refuses what the stores cannot give back unchanged: FalkorDB's parser stops at NUL, and a lone surrogate has no UTF-8 form.
 * @throws InvalidInput naming `what` and the place
 */
export function checkText(text: string, what: string): string {
  if (typeof text !== 'string') throw new InvalidInput(`${what} must be text.`);
  const nul = text.indexOf('\0');
  if (nul >= 0) throw new InvalidInput(`${what} has a NUL character at position ${nul + 1}; take it out.`);
  if (!text.isWellFormed())
    throw new InvalidInput(`${what} has half a character (a lone surrogate); store it as valid Unicode.`);
  return text;
}

const UNTIDY = /[^\S ]| {2}|^ | $/;

/** White space runs become one space, so that any text fits on one line. */
export function oneLine(text: string): string {
  // Most texts are one already, and to look is quicker than to write them again.
  return UNTIDY.test(text) ? text.replace(/\s+/g, ' ').trim() : text;
}

/** At most `length` characters, cut at the end of a sentence or a word where there is one, never inside a character. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = text.slice(0, length - 1);
  const cut = Math.max(head.search(/[.!?] [^.!?]*$/) + 1, head.lastIndexOf(' '));
  const kept = (cut > length / 2 ? head.slice(0, cut) : head).trimEnd();
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** The sentences that fit whole into `length` characters; a first one that does not is cut as by `shortened`. */
export function wholeSentences(text: string, length: number): string {
  if (text.length <= length) return text;
  const ends = [...text.slice(0, length + 1).matchAll(/[.!?]["')\]]*(?=\s)|[。！？]/g)].map(
    (end) => end.index + end[0].length,
  );
  const last = ends.findLast((end) => end <= length);
  return last === undefined ? shortened(text, length) : text.slice(0, last);
}

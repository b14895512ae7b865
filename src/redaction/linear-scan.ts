/** A range of a text with its replacement. */
export interface TextReplacement {
  readonly from: number;
  readonly to: number;
  readonly put: string;
}

/**
 * Replaces the ranges that `look` returns at each match of `anchor`. The search continues after a cut, or else after the anchor, so the
 * time is linear if each look reads a bounded range or only the range that it cuts.
 * @param anchor a global pattern that is quick to fail: literals and bounded repetition
 */
export function replaceMatches(
  text: string,
  anchor: RegExp,
  look: (found: RegExpExecArray) => TextReplacement | undefined,
): string {
  return applyReplacements(text, findReplacements(text, anchor, look));
}

/** Like `replaceMatches`, but returns the cuts, in order and without overlaps. */
export function findReplacements(
  text: string,
  anchor: RegExp,
  look: (found: RegExpExecArray) => TextReplacement | undefined,
): TextReplacement[] {
  const pattern = new RegExp(anchor);
  const cuts: TextReplacement[] = [];
  let from = 0;
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    const cut = look(found);
    if (!cut || cut.from < from) continue;
    cuts.push(cut);
    from = Math.max(cut.to, cut.from);
    pattern.lastIndex = Math.max(from, found.index + 1);
  }
  return cuts;
}

/** @param cuts in order; of overlapping cuts the first counts */
export function applyReplacements(text: string, cuts: readonly TextReplacement[]): string {
  let [left, from] = ['', 0];
  for (const cut of cuts) {
    if (cut.from < from) continue;
    left += text.slice(from, cut.from) + cut.put;
    from = cut.to;
  }
  return cuts.length === 0 ? text : left + text.slice(from);
}

/** The next position of a string, or the text's end. With increasing positions, the text is read once per string. */
export function nextIndexFinder(text: string): (what: string, from: number) => number {
  const known = new Map<string, readonly [from: number, at: number]>();
  return (what, from) => {
    const [lastFrom, at] = known.get(what) ?? [0, -1];
    if (lastFrom <= from && from <= at) return at;
    const found = text.indexOf(what, from);
    const next = found < 0 ? text.length : found;
    known.set(what, [from, next]);
    return next;
  };
}

/** The match of a sticky pattern at a position; undefined for none. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/** The end of a run of a sticky pattern that begins at a position. */
export function endOfRun(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The last match of a global pattern that ends before a position. With increasing positions, the text is read once. */
export function lastMatchFinder(text: string, pattern: RegExp): (at: number) => RegExpExecArray | undefined {
  const search = new RegExp(pattern);
  let last: RegExpExecArray | undefined;
  let nextMatch: RegExpExecArray | null | undefined;
  return (at) => {
    if (nextMatch === undefined) nextMatch = search.exec(text);
    while (nextMatch && nextMatch.index + nextMatch[0].length <= at) {
      last = nextMatch;
      nextMatch = search.exec(text);
    }
    return last;
  };
}

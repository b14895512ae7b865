const ITEM = /^\s*(?:[-*+•–]|\d{1,3}[.)]|[a-z][.)])[ \t]+\S/;
const ROW = /^\s*\|/;

/** The beginning of a list, procedure or table, and the number of omitted items, steps or rows. */
export interface CutList {
  readonly text: string;
  readonly omitted: number;
}

/**
 * The first items that fit, each whole. At least the first item is returned, even if it does not fit.
 * @param fits whether a text is short enough; called with longer and longer beginnings
 */
export function cutList(text: string, fits: (beginning: string) => boolean): CutList {
  if (fits(text)) return { text, omitted: 0 };
  const lines = text.match(/[^\n]*\n?/g)?.filter((line) => line !== '') ?? [];
  const begins = itemBegins(lines);
  let kept = 0;
  while (kept < begins.length) {
    const next = lines.slice(0, begins[kept + 1] ?? lines.length).join('');
    if (kept > 0 && !fits(next)) break;
    kept += 1;
  }
  const end = begins[kept] ?? lines.length;
  return { text: lines.slice(0, end).join(''), omitted: begins.length - kept };
}

/** The lines at which an item of the outermost level begins. */
function itemBegins(lines: readonly string[]): number[] {
  const items = lines.flatMap((line, place) => (ITEM.test(line) || ROW.test(line) ? [place] : []));
  const indents = items.map((place) => /^\s*/.exec(lines[place] ?? '')?.[0].length ?? 0);
  const outermost = Math.min(...indents);
  return items.filter((_, index) => indents[index] === outermost);
}

const NOUNS: Readonly<Record<string, string>> = { procedure: 'step', table: 'row' };

/** Says that more follows, and how to read all of it. */
export function omittedNotice(omitted: number, kind: string, episode: string): string {
  const noun = NOUNS[kind] ?? 'item';
  return `… (${omitted} more ${noun}${omitted === 1 ? '' : 's'}; \`memory-manager episode ${episode}\` shows all)`;
}

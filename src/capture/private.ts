// Written in any case, with attributes or none, with spaces and invisible characters inside, in HTML's or JSON's escapes.
const GAP = '[\\s\\u200B-\\u200F\\u2060\\uFEFF]*';
const TAG = new RegExp(
  `(?:<|&lt;|&#60;|&#x3c;|\\\\u003c)${GAP}(\\\\?/)?${GAP}${[...'private'].join('[\\u200B-\\u200F\\u2060\\uFEFF]*')}(?![\\w-])(?:[^<>&\\\\]*(?:>|&gt;|&#62;|&#x3e;|\\\\u003e))?`,
  'gi',
);

/** What stands in the place of what nobody may see. */
export const PRIVATE = '[private]';

export interface Visible {
  readonly text: string;
  /** What was taken out, without its tags. */
  readonly hidden: readonly string[];
  /** True when a span was opened and never closed, so that what follows elsewhere may belong to it. */
  readonly isOpen: boolean;
}

/**
 * Takes out `<private>…</private>`, nested ones whole. In doubt it hides: what follows an opening without an end, and what stands
 * before an end without an opening.
 */
export function withoutPrivate(text: string): Visible {
  const kept: string[] = [];
  const hidden: string[] = [];
  let [depth, from] = [0, 0];
  for (const { 0: tag, 1: slash, index } of text.matchAll(TAG)) {
    const isEnd = slash !== undefined;
    if (depth === 0) {
      if (isEnd) {
        hidden.push(text.slice(from, index), ...kept.splice(0));
        kept.push(PRIVATE);
        from = index + tag.length;
        continue;
      }
      kept.push(text.slice(from, index), PRIVATE);
      from = index + tag.length;
    }
    depth += isEnd ? -1 : 1;
    if (depth === 0) {
      hidden.push(text.slice(from, index));
      from = index + tag.length;
    }
  }
  if (from === 0) return { text, hidden, isOpen: false };
  (depth > 0 ? hidden : kept).push(text.slice(from));
  return { text: kept.join(''), hidden, isOpen: depth > 0 };
}

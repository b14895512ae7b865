/** A tag in a text, such as `<private>` or `</private>`. */
export interface Tag {
  readonly from: number;
  readonly to: number;
  readonly isEnd: boolean;
}

const INVISIBLE = '\\u00AD\\u180E\\u200B-\\u200F\\u2060-\\u2064\\uFEFF';
const GAP = new RegExp(`[\\s${INVISIBLE}]`);
const REST = /[^<>&\\]*(?:>|&gt;|&#62;|&#x3e;|\\u003e)?/iy;
export const TAG_PATTERNS = [GAP, REST];
const OPENINGS = ['<', '&lt;', '&#60;', '&#x3c;', '\\u003c'];

/**
 * Matches tags of a name in any case, with or without attributes, with spaces and invisible characters inside, and in HTML or JSON
 * escapes. Searches for the name first and then for the text before it, so that each character is read once.
 */
export function tagPattern(name: string): RegExp {
  return new RegExp(`${[...name].join(`[${INVISIBLE}]{0,8}`)}(?![\\w-])`, 'gi');
}

/** @param pattern the result of `tagPattern` */
export function tagsIn(text: string, pattern: RegExp): Tag[] {
  const tags: Tag[] = [];
  for (const { 0: name, index } of text.matchAll(pattern)) {
    let at = beforeGap(text, index);
    const isEnd = text[at - 1] === '/';
    if (isEnd) {
      at -= text[at - 2] === '\\' ? 2 : 1;
      at = beforeGap(text, at);
    }
    const opening = OPENINGS.find(
      (candidate) => text.slice(Math.max(0, at - candidate.length), at).toLowerCase() === candidate,
    );
    if (opening === undefined) continue;
    REST.lastIndex = index + name.length;
    REST.test(text);
    tags.push({ from: at - opening.length, to: REST.lastIndex, isEnd });
  }
  return tags;
}

function beforeGap(text: string, at: number): number {
  let before = at;
  while (before > 0 && GAP.test(text[before - 1] as string)) before -= 1;
  return before;
}

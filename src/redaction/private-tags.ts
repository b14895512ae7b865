import { TAG_PATTERNS, tagPattern, tagsIn } from './tags.ts';

const TAG = tagPattern('private');
export const PRIVATE_TAG_PATTERNS = [TAG, ...TAG_PATTERNS];

/** The replacement for private text. */
export const PRIVATE_PLACEHOLDER = '[private]';

export interface VisibleText {
  readonly text: string;
  /** The removed texts, without their tags. */
  readonly hidden: readonly string[];
  /** True if a span was opened and never closed, so that later parts may belong to it. */
  readonly isOpen: boolean;
}

/**
 * Removes `<private>…</private>`, including nested spans. In doubt, text is hidden: everything after an opening tag without an end, and
 * everything before an end tag without an opening.
 */
export function withoutPrivateText(text: string): VisibleText {
  const kept: string[] = [];
  const hidden: string[] = [];
  let [depth, from] = [0, 0];
  for (const tag of tagsIn(text, TAG)) {
    if (depth === 0) {
      if (tag.isEnd) {
        hidden.push(text.slice(from, tag.from), ...kept.splice(0));
        kept.push(PRIVATE_PLACEHOLDER);
        from = tag.to;
        continue;
      }
      kept.push(text.slice(from, tag.from), PRIVATE_PLACEHOLDER);
      from = tag.to;
    }
    depth += tag.isEnd ? -1 : 1;
    if (depth === 0) {
      hidden.push(text.slice(from, tag.from));
      from = tag.to;
    }
  }
  if (from === 0) return { text, hidden, isOpen: false };
  (depth > 0 ? hidden : kept).push(text.slice(from));
  return { text: kept.join(''), hidden, isOpen: depth > 0 };
}

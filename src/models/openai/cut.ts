import type { EpisodeText } from '../language-model.ts';
import { splitJson } from './cut-json.ts';

/** Where a text may be cut, best first; each matches up to the place of the cut. */
const BETWEEN: Record<'paragraphs' | 'turns' | 'lines' | 'sentences' | 'words', RegExp> = {
  paragraphs: /\n[^\S\n]*\n\s*/g,
  // A line that begins like `Mira Okafor: `; what follows in later paragraphs is still hers.
  turns: /\n(?=[^\n:]{1,60}:\s)/g,
  lines: /\n/g,
  sentences: /[.!?…]["')\]]*\s+|[。！？]/g,
  words: /\s+/g,
};
const ORDER: Record<EpisodeText['source'], readonly (keyof typeof BETWEEN)[]> = {
  text: ['paragraphs', 'turns', 'lines', 'sentences', 'words'],
  message: ['turns', 'paragraphs', 'lines', 'sentences', 'words'],
  json: ['lines', 'sentences', 'words'],
};

/**
 * Cuts a text into parts of at most `longest` characters at the best boundary in the second half of each, never within a
 * character. Put together they are the text again, but for JSON, which is cut between its members.
 */
export function splitText(content: string, source: EpisodeText['source'], longest: number): string[] {
  if (content.length <= longest) return [content];
  if (source === 'json') {
    const parts = splitJson(content, longest);
    if (parts) return parts.flatMap((part) => plainParts(part, ORDER.json, longest));
  }
  return plainParts(content, ORDER[source], longest);
}

function plainParts(content: string, order: readonly (keyof typeof BETWEEN)[], longest: number): string[] {
  const parts: string[] = [];
  let start = 0;
  while (content.length - start > longest) {
    const end = start + boundary(content.slice(start, start + longest), order);
    parts.push(content.slice(start, end));
    start = end;
  }
  parts.push(content.slice(start));
  return parts.filter((part) => part.trim() !== '');
}

function boundary(head: string, order: readonly (keyof typeof BETWEEN)[]): number {
  const half = Math.floor(head.length / 2);
  for (const kind of order) {
    const last = [...head.matchAll(BETWEEN[kind])].at(-1);
    const place = last ? last.index + last[0].length : 0;
    // At the very end too: the next part then begins well.
    if (place > half) return place;
  }
  return /[\uD800-\uDBFF]$/.test(head) ? head.length - 1 : head.length;
}

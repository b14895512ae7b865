import type { EpisodeText } from '../language-model.ts';

/** Boundaries where a text may be cut; each pattern matches up to the cut. */
const BOUNDARIES: Record<'paragraphs' | 'turns' | 'lines' | 'sentences' | 'words', RegExp> = {
  paragraphs: /\n[^\S\n]*\n\s*/g,
  // A line that begins like `Mira Okafor: `; later paragraphs still belong to that speaker.
  turns: /\n(?=[^\n:]{1,60}:\s)/g,
  lines: /\n/g,
  sentences: /[.!?…]["')\]]*\s+|[。！？]/g,
  words: /\s+/g,
};
const ORDER: Record<EpisodeText['source'], readonly (keyof typeof BOUNDARIES)[]> = {
  text: ['paragraphs', 'turns', 'lines', 'sentences', 'words'],
  message: ['turns', 'paragraphs', 'lines', 'sentences', 'words'],
  json: ['lines', 'sentences', 'words'],
};

/**
 * Cuts a text into parts of at most `longest` characters, each at the best boundary in its second half and never within a
 * character. The parts joined are the text again, except for JSON, which is cut between its members.
 */
export function splitText(content: string, source: EpisodeText['source'], longest: number): string[] {
  if (content.length <= longest) return [content];
  if (source === 'json') {
    const parts = splitJson(content, longest);
    if (parts) return parts.flatMap((part) => plainParts(part, ORDER.json, longest));
  }
  return plainParts(content, ORDER[source], longest);
}

function plainParts(content: string, order: readonly (keyof typeof BOUNDARIES)[], longest: number): string[] {
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

function boundary(head: string, order: readonly (keyof typeof BOUNDARIES)[]): number {
  const half = Math.floor(head.length / 2);
  for (const kind of order) {
    const last = [...head.matchAll(BOUNDARIES[kind])].at(-1);
    const place = last ? last.index + last[0].length : 0;
    // A boundary at the very end counts too: the next part then begins at one.
    if (place > half) return place;
  }
  return /[\uD800-\uDBFF]$/.test(head) ? head.length - 1 : head.length;
}

/**
 * Cuts a JSON document between the members of its outermost list or object, and of members that are too long, so that each part
 * is a document with the keys above it. Undefined if the text is not such a document.
 */
export function splitJson(content: string, longest: number): string[] | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return isNested(value) ? partsOf(value, longest).map((part) => JSON.stringify(part)) : undefined;
  } catch {
    // Not JSON, or nested deeper than the stack allows.
    return undefined;
  }
}

type Nested = readonly unknown[] | Record<string, unknown>;

function partsOf(value: Nested, longest: number): unknown[] {
  const isList = Array.isArray(value);
  const parts: unknown[] = [];
  let members: [string, unknown][] = [];
  let length = 0;
  const end = () => {
    if (members.length > 0) parts.push(isList ? members.map(([, member]) => member) : Object.fromEntries(members));
    members = [];
    length = 0;
  };
  for (const [key, member] of Object.entries(value)) {
    const size = JSON.stringify(member).length + (isList ? 1 : key.length + 4);
    if (length + size + 2 > longest) end();
    if (size + 2 > longest && isNested(member)) {
      for (const part of partsOf(member, longest - key.length - 6)) parts.push(isList ? [part] : { [key]: part });
      continue;
    }
    members.push([key, member]);
    length += size;
  }
  end();
  return parts;
}

function isNested(value: unknown): value is Nested {
  return value !== null && typeof value === 'object';
}

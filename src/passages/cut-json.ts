import { parseJson } from '../json.ts';
import type { Range } from './sentences.ts';

/** A value of a JSON document with the keys that lead to it. */
export interface JsonPart extends Range {
  readonly headings: readonly Range[];
}

interface Value extends Range {
  /** Members of an object, elements of a list; none of anything else. */
  readonly members: readonly { readonly key: Range | undefined; readonly start: number; readonly value: Value }[];
}

const DEEPEST = 64;

/**
 * The parts of a JSON document of at most `longest` characters: the whole of a short one, else the members of its objects and lists, short
 * neighbours together. Undefined for what is no JSON.
 */
export function jsonParts(text: string, longest: number): JsonPart[] | undefined {
  if (parseJson(text) === undefined) return undefined;
  const root = readValue(text, skipSpace(text, 0), 0);
  return root.members.length > 0 || root.end > root.start ? partsOf(root, [], longest) : undefined;
}

function partsOf(value: Value, headings: readonly Range[], longest: number): JsonPart[] {
  if (value.end - value.start <= longest || value.members.length === 0)
    return [{ start: value.start, end: value.end, headings }];
  const parts: JsonPart[] = [];
  let open: Range | undefined;
  for (const { key, start, value: inner } of value.members) {
    const size = inner.end - start;
    if (open && inner.end - open.start > longest) {
      parts.push({ ...open, headings });
      open = undefined;
    }
    if (size > longest && inner.members.length > 0) {
      if (open) parts.push({ ...open, headings });
      open = undefined;
      parts.push(...partsOf(inner, key ? [...headings, key] : headings, longest));
    } else open = { start: open?.start ?? start, end: inner.end };
  }
  if (open) parts.push({ ...open, headings });
  return parts;
}

/** Reads a value of a text that `JSON.parse` has accepted. */
function readValue(text: string, start: number, depth: number): Value {
  const first = text[start];
  if ((first !== '{' && first !== '[') || depth > DEEPEST) return { start, end: endOf(text, start), members: [] };
  const members: Value['members'][number][] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] !== '}' && text[at] !== ']') {
    const memberStart = at;
    let key: Range | undefined;
    if (first === '{') {
      const end = endOf(text, at);
      key = { start: at + 1, end: end - 1 };
      at = skipSpace(text, skipSpace(text, end) + 1);
    }
    const value = readValue(text, at, depth + 1);
    members.push({ key, start: memberStart, value });
    at = skipSpace(text, value.end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return { start, end: at + 1, members };
}

/** Where a value ends that begins at `start`. */
function endOf(text: string, start: number): number {
  const first = text[start];
  if (first === '"') {
    let at = start + 1;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    return at + 1;
  }
  if (first === '{' || first === '[') {
    let depth = 0;
    for (let at = start; ; ) {
      const character = text[at];
      if (character === '"') {
        at = endOf(text, at);
        continue;
      }
      if (character === '{' || character === '[') depth += 1;
      if (character === '}' || character === ']') depth -= 1;
      at += 1;
      if (depth === 0) return at;
    }
  }
  let at = start;
  while (at < text.length && !/[\s,\]}]/.test(text[at] ?? '')) at += 1;
  return at;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && /\s/.test(text[at] ?? '')) at += 1;
  return at;
}

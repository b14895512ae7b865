import type { Node } from 'jsonc-parser';
import { InvalidInputError } from '../../errors.ts';
import { endOf, parseJsonc, plainValue, skipTrivia } from './jsonc.ts';
import { layoutOf, lineStart, rendered } from './layout.ts';

// Changes of one entry in the text of a document; everything else, comments and spaces included, stays as it is. `modify` of
// jsonc-parser is not used: it reformats what stands around the change, and moves or deletes comments.

export type Path = readonly string[];

/** Sets a member of the object at `path`, which is made where it is missing. @throws InvalidInputError */
export function put(text: string, path: Path, key: string, value: unknown): string {
  const cleared = drop(text, path, (_, name) => name === key);
  return addAt(cleared, path, 'object', member(key, value), { [key]: value });
}

/** Adds to the end of the list at `path`, which is made where it is missing. @throws InvalidInputError */
export function push(text: string, path: Path, value: unknown): string {
  return addAt(text, path, 'array', (...layout) => rendered(value, ...layout), [value]);
}

/** Takes out what `isMeant` of the list or object at `path`, and what becomes empty by that. */
export function drop(text: string, path: Path, isMeant: (value: unknown, key: string) => boolean): string {
  const holder = find(parseJsonc(text), path);
  const children = holder?.children ?? [];
  const index = children.findIndex((child) => {
    const [key, value] = entryOf(child);
    return isMeant(plainValue(value), key);
  });
  if (!holder || index < 0) return text;
  const left = cut(text, children, index);
  const emptied = children.length === 1 && path.length > 0;
  if (emptied) return drop(left, path.slice(0, -1), (value, key) => key === path.at(-1) && isEmpty(value));
  return drop(left, path, isMeant);
}

/** The value at `path`; undefined where there is none. */
export function valueAt(text: string, path: Path): unknown {
  const node = find(parseJsonc(text), path);
  return node && plainValue(node);
}

type Write = (indent: string, unit: string, newline: string) => string;

const member =
  (key: string, value: unknown): Write =>
  (...layout) =>
    `${JSON.stringify(key)}: ${rendered(value, ...layout)}`;

/** @param whole what is written where there is nothing at `path` yet */
function addAt(text: string, path: Path, kind: 'array' | 'object', entry: Write, whole: unknown): string {
  const root = parseJsonc(text);
  const known = path.findLastIndex((_, index) => find(root, path.slice(0, index + 1)) !== undefined) + 1;
  const holder = find(root, path.slice(0, known)) ?? root;
  const expected = known === path.length ? kind : 'object';
  if (holder.type !== expected) {
    const name = known === 0 ? 'the document' : `"${path.slice(0, known).join('.')}"`;
    throw new InvalidInputError(`${name} is not ${expected === 'array' ? 'a list' : 'an object'}`);
  }
  if (known === path.length) return append(text, holder, entry);
  const missing = path.slice(known + 1).reduceRight<unknown>((value, key) => ({ [key]: value }), whole);
  return append(text, holder, member(path[known] ?? '', missing));
}

function append(text: string, holder: Node, entry: Write): string {
  const { unit, newline, indent, isInline } = layoutOf(text, holder);
  const last = holder.children?.at(-1);
  const inner = isInline ? '' : indent + unit;
  const written = entry(indent + unit, unit, newline);
  if (!last) {
    const close = endOf(holder) - 1;
    const kept = text.slice(holder.offset + 1, close).trimEnd();
    const head = text.slice(0, holder.offset + 1) + kept;
    return `${head}${newline}${indent}${unit}${written}${newline}${indent}${text.slice(close)}`;
  }
  const after = skipTrivia(text, endOf(last));
  const hasComma = text[after] === ',';
  const end = hasComma ? after + 1 : endOf(last);
  if (isInline) return `${text.slice(0, end)}${hasComma ? ' ' : ', '}${written}${text.slice(end)}`;
  // A comment behind the last entry stays on its line.
  const line = /[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/)?/y;
  line.lastIndex = end;
  line.exec(text);
  const comment = text.slice(end, line.lastIndex).trimEnd();
  const comma = hasComma ? ',' : '';
  const head = `${text.slice(0, end)}${hasComma ? '' : ','}${comment}`;
  return `${head}${newline}${inner}${written}${comma}${text.slice(end + comment.length)}`;
}

function cut(text: string, children: readonly Node[], index: number): string {
  const child = children[index];
  const before = children[index - 1];
  if (!child) return text;
  const after = skipTrivia(text, endOf(child));
  const hasComma = text[after] === ',';
  const end = hasComma ? after + 1 : endOf(child);
  const start = lineStart(text, child.offset) ?? (before ? skippedSpaces(text, child.offset) : child.offset);
  const isFirstInLine = !before && start === child.offset;
  const rest = isFirstInLine ? text.slice(end).replace(/^[ \t]+/, '') : text.slice(end);
  const comma = before && !hasComma ? skipTrivia(text, endOf(before)) : undefined;
  const head = comma === undefined ? text.slice(0, start) : text.slice(0, comma) + text.slice(comma + 1, start);
  return children.length === 1 ? closedUp(head, rest) : head + rest;
}

/** `[` and `]` move together when nothing is left between them, not even a comment. */
function closedUp(head: string, rest: string): string {
  const [left, right] = [head.trimEnd(), rest.trimStart()];
  return /[[{]$/.test(left) && /^[\]}]/.test(right) ? left + right : head + rest;
}

function skippedSpaces(text: string, at: number): number {
  let start = at;
  while (text[start - 1] === ' ' || text[start - 1] === '\t') start -= 1;
  return start;
}

/** Of a key that stands twice the last counts, as for `JSON.parse`; `findNodeAtLocation` finds the first. */
function find(root: Node, path: Path): Node | undefined {
  let node: Node | undefined = root;
  for (const key of path) {
    const member: Node | undefined = node?.children?.findLast(
      ({ type, children }) => type === 'property' && children?.[0]?.value === key,
    );
    node = member?.children?.[1];
  }
  return node;
}

/** Key and value of a member; the key of an element is empty. */
function entryOf(child: Node): readonly [key: string, value: Node] {
  const [key, value] = child.type === 'property' ? (child.children ?? []) : [];
  return key && value ? [key.value, value] : ['', child];
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

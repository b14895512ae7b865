import type { Node } from 'jsonc-parser';
import { InvalidInputError } from '../../errors.ts';
import { endOf, parseJsonc, plainValue, skipTrivia } from './jsonc.ts';

// Changes of one entry in the text of a document; everything else, comments and spaces included, stays as it is. `modify` of jsonc-parser
// is not used, because it reformats the text around the change and moves or deletes comments.

export type Path = readonly string[];

/** Sets a member of the object at `path`, which is made where it is missing. @throws InvalidInputError */
export function setMember(text: string, path: Path, key: string, value: unknown): string {
  const cleared = removeEntries(text, path, (_, name) => name === key);
  return addAt(cleared, path, 'object', member(key, value), { [key]: value });
}

/** Adds to the end of the list at `path`, which is made where it is missing. @throws InvalidInputError */
export function appendItem(text: string, path: Path, value: unknown): string {
  return addAt(text, path, 'array', (...layout) => formatValue(value, ...layout), [value]);
}

/** Removes the members for which `isMeant` is true from the list or object at `path`, and containers that become empty. */
export function removeEntries(text: string, path: Path, isMeant: (value: unknown, key: string) => boolean): string {
  const holder = find(parseJsonc(text), path);
  const children = holder?.children ?? [];
  const index = children.findIndex((child) => {
    const [key, value] = entryOf(child);
    return isMeant(plainValue(value), key);
  });
  if (!holder || index < 0) return text;
  const left = cut(text, children, index);
  const emptied = children.length === 1 && path.length > 0;
  if (emptied) return removeEntries(left, path.slice(0, -1), (value, key) => key === path.at(-1) && isEmpty(value));
  return removeEntries(left, path, isMeant);
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
    `${JSON.stringify(key)}: ${formatValue(value, ...layout)}`;

/** @param whole the text to write if there is nothing at `path` yet */
function addAt(text: string, path: Path, kind: 'array' | 'object', entry: Write, whole: unknown): string {
  const root = parseJsonc(text);
  const depth = path.findLastIndex((_, index) => find(root, path.slice(0, index + 1)) !== undefined) + 1;
  const holder = find(root, path.slice(0, depth)) ?? root;
  const expected = depth === path.length ? kind : 'object';
  if (holder.type !== expected) {
    const name = depth === 0 ? 'the document' : `"${path.slice(0, depth).join('.')}"`;
    throw new InvalidInputError(`${name} is not ${expected === 'array' ? 'a list' : 'an object'}`);
  }
  if (depth === path.length) return append(text, holder, entry);
  const missing = path.slice(depth + 1).reduceRight<unknown>((value, key) => ({ [key]: value }), whole);
  return append(text, holder, member(path[depth] ?? '', missing));
}

function append(text: string, holder: Node, entry: Write): string {
  const { unit, newline, indent, isInline } = layoutOf(text, holder);
  const last = holder.children?.at(-1);
  const inner = isInline ? '' : indent + unit;
  const written = entry(indent + unit, unit, newline);
  if (!last) {
    const close = endOf(holder) - 1;
    const content = text.slice(holder.offset + 1, close).trimEnd();
    const head = text.slice(0, holder.offset + 1) + content;
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

/** If a key occurs twice, the last one counts, as for `JSON.parse`; `findNodeAtLocation` would find the first. */
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

/** The formatting of a list or an object, so that added entries look like the rest. */
export interface Layout {
  readonly newline: string;
  /** One step of indentation. */
  readonly unit: string;
  /** The beginning of the line on which it closes. */
  readonly indent: string;
  readonly isInline: boolean;
}

export function layoutOf(text: string, holder: Node): Layout {
  const first = holder.children?.[0];
  const isInline = first !== undefined && !text.slice(holder.offset, endOf(holder)).includes('\n');
  const indent = indentation(text, holder.offset);
  const inner = first && !isInline ? indentation(text, first.offset) : '';
  const extraIndent = inner.startsWith(indent) ? inner.slice(indent.length) : '';
  const unit = extraIndent || /^[ \t]+(?=\S)/m.exec(text)?.[0] || '  ';
  return { newline: text.includes('\r\n') ? '\r\n' : '\n', unit, indent, isInline };
}

/** The position of the line break before `at`, if there is only white space between them. */
export function lineStart(text: string, at: number): number | undefined {
  const lineEnd = /\r?\n[ \t]*$/.exec(text.slice(0, at));
  return lineEnd?.index;
}

/** A value as JSON: objects over several lines, lists of plain values on one. */
export function formatValue(value: unknown, indent: string, unit: string, newline: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = indent + unit;
  const lines = Array.isArray(value)
    ? value.map((one) => formatValue(one, inner, unit, newline))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${formatValue(one, inner, unit, newline)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return `[${lines.join(', ')}]`;
  return `${open}${newline}${lines.map((line) => inner + line).join(`,${newline}`)}${newline}${indent}${close}`;
}

function indentation(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

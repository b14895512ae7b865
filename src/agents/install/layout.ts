import type { Node } from 'jsonc-parser';
import { endOf } from './jsonc.ts';

/** How a list or an object is written, so that what is added looks like the rest. */
export interface Layout {
  readonly newline: string;
  /** One step of indentation. */
  readonly unit: string;
  /** What the line begins with on which it closes. */
  readonly indent: string;
  readonly isInline: boolean;
}

export function layoutOf(text: string, holder: Node): Layout {
  const first = holder.children?.[0];
  const isInline = first !== undefined && !text.slice(holder.offset, endOf(holder)).includes('\n');
  const indent = indentation(text, holder.offset);
  const inner = first && !isInline ? indentation(text, first.offset) : '';
  const own = inner.startsWith(indent) ? inner.slice(indent.length) : '';
  const unit = own || /^[ \t]+(?=\S)/m.exec(text)?.[0] || '  ';
  return { newline: text.includes('\r\n') ? '\r\n' : '\n', unit, indent, isInline };
}

/** Where the line break before `at` begins, if only white space stands between the two. */
export function lineStart(text: string, at: number): number | undefined {
  const found = /\r?\n[ \t]*$/.exec(text.slice(0, at));
  return found?.index;
}

/** A value as JSON: objects over several lines, lists of plain values on one. */
export function rendered(value: unknown, indent: string, unit: string, newline: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = indent + unit;
  const lines = Array.isArray(value)
    ? value.map((one) => rendered(one, inner, unit, newline))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${rendered(one, inner, unit, newline)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return `[${lines.join(', ')}]`;
  return `${open}${newline}${lines.map((line) => inner + line).join(`,${newline}`)}${newline}${indent}${close}`;
}

function indentation(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

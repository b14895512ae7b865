import { InvalidInput } from '../errors.ts';

/** A value of a JSON document and where in the text it stands, from `start` up to but without `end`. */
export type Node = Scalar | List | Table;

interface Place {
  readonly start: number;
  readonly end: number;
}
interface Scalar extends Place {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
}
export interface List extends Place {
  readonly kind: 'list';
  readonly children: readonly Node[];
}
export interface Table extends Place {
  readonly kind: 'table';
  /** Each begins at its key. */
  readonly children: readonly (Place & { readonly key: string; readonly node: Node })[];
}

const DEEPEST = 200;
const SCALAR = /"(?:[^"\\\r\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Reads JSON with comments and trailing commas, as opencode takes it.
 * @throws InvalidInput naming the line that cannot be read
 */
export function parseJsonc(text: string): Node {
  let at = skipped(text, text.startsWith('\uFEFF') ? 1 : 0);
  const root = value(0);
  at = skipped(text, at);
  if (at < text.length) throw unreadable('there is more after the end');
  return root;

  function value(depth: number): Node {
    if (depth > DEEPEST) throw unreadable('it is nested too deep');
    if (text[at] === '{') return table(depth);
    if (text[at] === '[') return list(depth);
    const start = at;
    const read = scalar();
    return { kind: 'scalar', value: read, start, end: at };
  }

  function scalar(): Scalar['value'] {
    SCALAR.lastIndex = at;
    const found = SCALAR.exec(text);
    if (!found) throw unreadable(at < text.length ? `"${text[at]}" is not expected there` : 'it ends too early');
    try {
      const parsed: Scalar['value'] = JSON.parse(found[0]);
      at = SCALAR.lastIndex;
      return parsed;
    } catch {
      throw unreadable('a text holds what JSON does not allow');
    }
  }

  function list(depth: number): List {
    const start = at;
    const children: Node[] = [];
    each(']', () => children.push(value(depth + 1)));
    return { kind: 'list', children, start, end: at };
  }

  function table(depth: number): Table {
    const start = at;
    const children: Table['children'][number][] = [];
    each('}', () => {
      const [begin, key] = [at, scalar()];
      if (typeof key !== 'string') throw unreadable('a key must be a text in double quotes');
      at = skipped(text, at);
      if (text[at] !== ':') throw unreadable(`a ":" is missing after "${key}"`);
      at = skipped(text, at + 1);
      const node = value(depth + 1);
      children.push({ key, node, start: begin, end: node.end });
    });
    return { kind: 'table', children, start, end: at };
  }

  /** Reads what stands between a bracket, at which it begins, and `closing`. */
  function each(closing: string, read: () => void): void {
    at = skipped(text, at + 1);
    while (text[at] !== closing) {
      read();
      at = skipped(text, at);
      if (text[at] === ',') at = skipped(text, at + 1);
      else if (text[at] !== closing) throw unreadable(`a "," or "${closing}" is missing`);
    }
    at += 1;
  }

  function unreadable(why: string): InvalidInput {
    return new InvalidInput(`line ${text.slice(0, at).split('\n').length}: ${why}`);
  }
}

/** What a document means. */
export function meaning(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.children.map(meaning);
  return Object.fromEntries(node.children.map(({ key, node: inner }) => [key, meaning(inner)]));
}

const BETWEEN = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;

/** The next place that is neither white space nor comment. */
export function skipped(text: string, from: number): number {
  BETWEEN.lastIndex = from;
  BETWEEN.exec(text);
  return BETWEEN.lastIndex;
}

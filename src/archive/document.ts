import * as z from 'zod/mini';
import { ArchiveDamagedError, InvalidInputError } from '../errors.ts';
import { type EdgeElement, type Element, isNode, type NodeElement } from './element.ts';
import { checkRestorable } from './restorable.ts';

export const FORMAT = 'memory-manager';
/** Of the document. A change that older programs cannot read gets another. */
export const VERSION = 1;

export interface Head {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly group: string;
  readonly exported_at: string;
}

/**
 * The text of an archive: one JSON document, `{"format", "version", "group", "exported_at", "nodes": [{labels, properties}],
 * "edges": [{type, source, target, properties}]}`, with a line for each element, so that it can be read line by line.
 * All nodes come before all edges.
 */
export async function* writeDocument(head: Head, pages: AsyncIterable<readonly Element[]>): AsyncGenerator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"nodes":[`;
  let inEdges = false;
  let separator = '\n';
  for await (const page of pages) {
    const lines: string[] = [];
    for (const element of page) {
      if (!inEdges && !isNode(element)) {
        inEdges = true;
        lines.push(BETWEEN);
        separator = '\n';
      }
      lines.push(separator, lineOf(element));
      separator = ',\n';
    }
    yield lines.join('');
  }
  yield `${inEdges ? '' : BETWEEN}${END}`;
}

/** Most characters of one element, which writers and readers hold in memory. */
export const LONGEST_LINE = 64_000_000;
const BETWEEN = '\n],"edges":[';
const END = '\n]}\n';

function lineOf(element: Element): string {
  const line = JSON.stringify(element);
  if (line.length <= LONGEST_LINE) return line;
  const { uuid } = element.properties;
  throw new InvalidInputError(
    `The ${isNode(element) ? 'node' : 'edge'} ${uuid} holds more than an archive takes of one (${LONGEST_LINE / 1_000_000} million characters).`,
  );
}

const headShape = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  group: z.string(),
  exported_at: z.string(),
});
const properties = z.record(z.string(), z.unknown());
const types = z.optional(z.record(z.string(), z.string()));
const nodeShape = z.strictObject({ labels: z.array(z.string()), properties, types });
const edgeShape = z.strictObject({ type: z.string(), source: z.string(), target: z.string(), properties, types });

/** What a document gives when it is read: its head first, then its elements. */
export type Part = { readonly head: Head } | { readonly elements: readonly Element[] };

/**
 * Reads such a document as its bytes come in, holding no more than a line and a piece.
 * @throws ArchiveDamagedError when it is not one from its first to its last character, or holds what cannot be restored
 */
export async function* readDocument(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  let place: 'head' | 'nodes' | 'edges' | 'end' = 'head';
  // Whether the line before promised another element.
  let isOpen = true;
  for await (const lines of linesOf(bytes)) {
    const elements: Element[] = [];
    for (const line of lines) {
      if (place === 'head') {
        yield { head: readHead(line) };
        place = 'nodes';
      } else if (place === 'nodes' && line === '],"edges":[') {
        place = 'edges';
        isOpen = true;
      } else if (place === 'edges' && line === ']}') place = 'end';
      else if (place === 'end' || !isOpen) throw damaged();
      else {
        isOpen = line.endsWith(',');
        elements.push(readElement(isOpen ? line.slice(0, -1) : line, place));
      }
    }
    if (elements.length > 0) yield { elements };
  }
  if (place !== 'end') throw new ArchiveDamagedError('The archive ends before its end.');
}

function readHead(line: string): Head {
  const parsed = parse(() => headShape.parse(JSON.parse(`${line}]}`)));
  return parsed;
}

function readElement(line: string, place: 'nodes' | 'edges'): Element {
  const element = parse<Element>(() => {
    const value: unknown = JSON.parse(line);
    return place === 'nodes' ? (nodeShape.parse(value) as NodeElement) : (edgeShape.parse(value) as EdgeElement);
  });
  checkRestorable(element);
  return element;
}

function parse<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw damaged(error);
  }
}

// The parser's own message would contain remembered text.
const damaged = (_cause?: unknown) =>
  new ArchiveDamagedError('The archive holds what no archive of this program holds.');

/** The lines that end in each piece of bytes. @throws ArchiveDamagedError when one is too long or the last one has no end */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest: string[] = [];
  let held = 0;
  for await (const piece of bytes) {
    const text = parse(() => decoder.decode(piece, { stream: true }));
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    if (lines.length > 0) {
      lines[0] = rest.join('') + lines[0];
      rest = [];
      held = 0;
      yield lines;
    }
    held += last.length;
    if (held > LONGEST_LINE) throw new ArchiveDamagedError(`The archive holds a longer line than any export writes.`);
    if (last !== '') rest.push(last);
  }
  if (rest.length > 0) throw new ArchiveDamagedError('The archive ends before its end.');
}

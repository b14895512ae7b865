import * as z from 'zod/mini';
import { ArchiveDamagedError, InvalidInputError } from '../errors.ts';
import { checkRestorable } from './check-restorable.ts';
import { type EdgeElement, type Element, isNode, type NodeElement } from './graph-element.ts';

export const ARCHIVE_FORMAT = 'memory-manager';
/** The document's version; raise it with each change that older programs cannot read. */
export const ARCHIVE_VERSION = 1;

export interface DocumentHead {
  readonly format: typeof ARCHIVE_FORMAT;
  readonly version: typeof ARCHIVE_VERSION;
  readonly group: string;
  readonly exported_at: string;
}

/**
 * The text of an archive: one JSON document, `{"format", "version", "group", "exported_at", "nodes": [{labels, properties}],
 * "edges": [{type, source, target, properties}]}`, with a line for each element, so that it can be read line by line.
 * All nodes come before all edges.
 */
export async function* writeDocument(
  head: DocumentHead,
  pages: AsyncIterable<readonly Element[]>,
): AsyncGenerator<string> {
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

/** Maximum characters of one element, which writers and readers hold in memory. */
export const LONGEST_LINE = 64_000_000;
const BETWEEN = '\n],"edges":[';
const END = '\n]}\n';

function lineOf(element: Element): string {
  const line = JSON.stringify(element);
  if (line.length <= LONGEST_LINE) return line;
  const { uuid } = element.properties;
  throw new InvalidInputError(
    `The ${isNode(element) ? 'node' : 'edge'} ${uuid} is longer than an archive allows (${LONGEST_LINE / 1_000_000} million characters).`,
  );
}

const headShape = z.object({
  format: z.literal(ARCHIVE_FORMAT),
  version: z.literal(ARCHIVE_VERSION),
  group: z.string(),
  exported_at: z.string(),
});
const properties = z.record(z.string(), z.unknown());
const types = z.optional(z.record(z.string(), z.string()));
const nodeShape = z.strictObject({ labels: z.array(z.string()), properties, types });
const edgeShape = z.strictObject({ type: z.string(), source: z.string(), target: z.string(), properties, types });

/** The parts of a document in order: its head first, then its elements. */
export type DocumentPart = { readonly head: DocumentHead } | { readonly elements: readonly Element[] };

/**
 * Reads such a document as its bytes arrive, with at most one line and one piece in memory.
 * @throws ArchiveDamagedError when a part of it is not in this format, or cannot be restored
 */
export async function* readDocument(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<DocumentPart> {
  let place: 'head' | 'nodes' | 'edges' | 'end' = 'head';
  // True if the previous line ended with a comma.
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
  if (place !== 'end') throw new ArchiveDamagedError('The archive is cut off before its end.');
}

function readHead(line: string): DocumentHead {
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

// The parser's own message would contain stored text.
const damaged = (_cause?: unknown) =>
  new ArchiveDamagedError('The archive has contents that this program does not write.');

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
  if (rest.length > 0) throw new ArchiveDamagedError('The archive is cut off before its end.');
}

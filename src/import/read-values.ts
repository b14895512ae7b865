import { type InputItem, jsonLines, valuesIn } from './json-lines.ts';
import { openDocumentScanner } from './scan-document.ts';

/** Characters read to distinguish a document from JSON lines. */
const SNIFF_LENGTH = 65_536;

/**
 * Streams the values of JSON lines, or the elements of the lists of a JSON document, one at a time.
 * @param longest characters of a line or an element
 * @throws InvalidInputError for any other text
 */
export async function* readValues(texts: AsyncIterable<string>, longest: number): AsyncGenerator<InputItem> {
  const rest = texts[Symbol.asyncIterator]();
  let head = '';
  let isWhole = false;
  while (head.trimStart().length < SNIFF_LENGTH && !isWhole) {
    const { value, done } = await rest.next();
    if (done) isWhole = true;
    else head += value;
  }
  const all = chain(head, rest);
  if (isDocument(head, longest)) yield* elements(all, longest);
  else yield* jsonLines(all, longest);
}

async function* chain(head: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  yield head;
  try {
    for (let { value, done } = await rest.next(); !done; { value, done } = await rest.next()) yield value;
  } finally {
    await rest.return?.();
  }
}

function isDocument(head: string, longest: number): boolean {
  const start = head.trimStart().slice(0, SNIFF_LENGTH);
  if (start.startsWith('[')) return true;
  if (!start.startsWith('{')) return false;
  const scan = openDocumentScanner(longest);
  try {
    scan.feed(start);
  } catch {
    return false;
  }
  const lines = start.split('\n');
  return scan.hasList() || (lines.length > 1 && !lines.some(holdsValue));
}

/** Whether a line belongs to JSON lines. Lines of a document are indented or end with a comma. */
const holdsValue = (line: string): boolean =>
  line.startsWith('{') && valuesIn(line, { place: '', number: 0, list: '' }, '').some((found) => !('problem' in found));

async function* elements(texts: AsyncIterable<string>, longest: number): AsyncGenerator<InputItem> {
  const scan = openDocumentScanner(longest);
  for await (const text of texts) yield* scan.feed(text);
  yield* scan.end();
}

import { InvalidInputError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { type InputItem, valuesIn } from './json-lines.ts';
import { unsupportedReason } from './unsupported-formats.ts';

/** Lists of these names are read element by element. */
const LISTS: ReadonlySet<string> = new Set(['episodes', 'results', 'memories', 'data', 'entities', 'relations']);
/** The text around the lists is kept until the end. */
const LONGEST_SHELL = 1_000_000;

/** Reads a document that arrives in pieces. */
export interface DocumentScanner {
  /** The elements that end in the next piece. */
  feed(text: string): InputItem[];
  /**
   * Problems of the document as a whole, if its lists contained anything.
   * @throws InvalidInputError if the text is not a JSON document, or has no known list
   */
  end(): InputItem[];
  /** Whether a known list was found so far. */
  hasList(): boolean;
}

/**
 * Reads a JSON document, `[…]` or `{"results": […], …}`, holding one element of its lists at a time.
 * @param longest characters of an element
 */
export function openDocumentScanner(longest: number): DocumentScanner {
  let [depth, inString, skips] = [0, false, false];
  let [shell, element, isTooLong] = ['', '', false];
  /** The list that is being read, how deep its elements stand, and how many there were. */
  let list: { readonly name: string; readonly depth: number; count: number } | null = null;
  let listCount = 0;
  let elements = 0;
  /** Whether the first value has ended; any text after it means that the input is not one document. */
  let isOver = false;

  function append(text: string): void {
    if (list === null) shell += text;
    else if (element.length + text.length > longest) isTooLong = true;
    else if (!isTooLong) element += text;
    if (shell.length > LONGEST_SHELL) throw new InvalidInputError(NOT_A_DOCUMENT);
  }

  function endElement(isLast: boolean): InputItem[] {
    if (!list) return [];
    const text = element;
    const wasTooLong = isTooLong;
    [element, isTooLong] = ['', false];
    // Also after a superfluous comma.
    if (isLast && !wasTooLong && text.trim() === '') return [];
    list.count += 1;
    elements += 1;
    const place = `Element ${list.count}${list.name && ` of ${list.name}`}`;
    if (wasTooLong) return [{ place, problem: `${place} is longer than ${longest} characters.` }];
    return valuesIn(text, { place, number: list.count, list: list.name }, 'is not JSON.');
  }

  function open(): void {
    if (isOver) return;
    const name = depth === 1 ? '' : depth === 2 ? KEY.exec(shell.slice(-100))?.[1] : undefined;
    if (name === undefined || (name !== '' && !LISTS.has(name))) return;
    list = { name, depth, count: 0 };
    listCount += 1;
  }

  function feed(text: string): InputItem[] {
    if (text === '') return [];
    const found: InputItem[] = [];
    let from = 0;
    const take = (to: number) => {
      append(text.slice(from, to));
      from = to;
    };
    const begin = skips ? 1 : 0;
    skips = false;
    for (let at = next(text, begin, inString); at < text.length; at = next(text, at + 1, inString)) {
      const sign = text[at] as string;
      const isOfList = list !== null && depth === list.depth;
      if (sign === '\\') {
        at += 1;
        skips = at === text.length;
      } else if (sign === '"') inString = !inString;
      else if (sign === '[' || sign === '{') {
        depth += 1;
        if (sign === '{' || list !== null) continue;
        take(at);
        open();
        // The bracket belongs to the text around the list.
        shell += '[';
        from = at + 1;
      } else if (sign === ',') {
        if (!isOfList) continue;
        take(at);
        found.push(...endElement(false));
        from = at + 1;
      } else {
        depth -= 1;
        isOver ||= depth === 0;
        if (!isOfList) continue;
        take(at);
        found.push(...endElement(true));
        list = null;
      }
    }
    take(text.length);
    return found;
  }

  return {
    feed,
    end() {
      const isCut = list !== null || depth > 0;
      const around = isCut ? undefined : parseJson(shell);
      if (around !== undefined && listCount === 0) throw new InvalidInputError(unsupportedReason('The input', around));
      if (around !== undefined) return [];
      const problem = isCut ? 'The document is incomplete; it may be truncated.' : NOT_A_DOCUMENT;
      // The complete part of the input may still be used.
      if (elements > 0) return [{ place: 'The document', problem }];
      throw new InvalidInputError(problem);
    },
    hasList: () => listCount > 0,
  };
}

const NOT_A_DOCUMENT = 'The input is neither JSON lines nor one JSON document with a list that import knows.';

const KEY = /"([a-z]+)"\s*:\s*$/;
const OUTSIDE = /["[\]{},]/g;
const WITHIN = /["\\]/g;

/** The position of the next significant character; the text's length if there is none. */
function next(text: string, from: number, inString: boolean): number {
  const pattern = inString ? WITHIN : OUTSIDE;
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

import { InvalidInputError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { NOT_UTF8 } from './decode.ts';

/** The value at one place of the input, or the reason why it cannot be used. */
export type InputItem = ParsedValue | Problem;

export interface ParsedValue {
  /** `Line 3`, or `Element 3 of results`. */
  readonly place: string;
  readonly number: number;
  /** The key of the list that it is an element of; empty for lines and elements of a bare list. */
  readonly list: string;
  readonly value: unknown;
}

export interface Problem {
  readonly place: string;
  /** A whole sentence. */
  readonly problem: string;
}

/**
 * Reads JSON lines, counted from 1; blank ones are counted and passed over.
 * @param longest characters of a line
 */
export async function* jsonLines(texts: AsyncIterable<string>, longest: number): AsyncGenerator<InputItem> {
  let number = 0;
  for await (const text of lines(texts, longest)) {
    number += 1;
    const place = `Line ${number}`;
    if (text === null) yield { place, problem: `${place} is longer than ${longest} characters.` };
    else if (text.trim() !== '') yield* valuesIn(text, { place, number, list: '' }, NOT_A_LINE);
  }
}

/** The same, but fails at the first broken line. @throws InvalidInputError naming the line */
export async function* strictJsonLines(texts: AsyncIterable<string>, longest: number): AsyncGenerator<ParsedValue> {
  for await (const value of jsonLines(texts, longest)) {
    if ('problem' in value) throw new InvalidInputError(value.problem);
    yield value;
  }
}

const NOT_A_LINE = 'is not JSON; write one JSON object on each line.';

/**
 * The value of a piece of text, or each of several consecutive values; a part that is not a value is reported as a separate problem.
 * @param otherwise ends the sentence for a text that holds no value
 */
export function valuesIn(text: string, at: Omit<ParsedValue, 'value'>, otherwise: string): InputItem[] {
  const { place } = at;
  if (text.includes(NOT_UTF8))
    return [{ place, problem: `${place} is not UTF-8 text; convert the input first, for example with iconv.` }];
  const whole = parseJson(text);
  if (whole !== undefined) return [{ ...at, value: whole }];
  const pieces = splitValues(text).map(parseJson);
  if (!pieces.some((piece) => piece !== undefined)) return [{ place, problem: `${place} ${otherwise}` }];
  return pieces.map((piece) =>
    piece !== undefined
      ? { ...at, value: piece }
      : { place, problem: `${place} contains something other than JSON values; a part of it may be lost.` },
  );
}

const SIGNS = /["{}[\]]/g;

/** Cuts after every outermost object and list; the rest is the last piece. */
function splitValues(text: string): string[] {
  const pieces: string[] = [];
  let [depth, from] = [0, 0];
  SIGNS.lastIndex = 0;
  for (let sign = SIGNS.exec(text); sign; sign = SIGNS.exec(text)) {
    if (sign[0] === '"') SIGNS.lastIndex = endOfString(text, sign.index);
    else depth += sign[0] === '{' || sign[0] === '[' ? 1 : -1;
    if (depth > 0 || sign[0] === '"') continue;
    pieces.push(text.slice(from, SIGNS.lastIndex));
    [depth, from] = [0, SIGNS.lastIndex];
  }
  const rest = text.slice(from);
  return rest.trim() === '' ? pieces : [...pieces, rest];
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** Only line feeds end a line: `readline` would also cut at U+2028, which JSON may hold. Null stands for one that is too long. */
async function* lines(texts: AsyncIterable<string>, longest: number): AsyncGenerator<string | null> {
  let rest: string | null = '';
  for await (const text of texts) {
    const parts = text.split('\n');
    for (const [index, part] of parts.entries()) {
      rest = rest === null || rest.length + part.length > longest ? null : rest + part;
      if (index === parts.length - 1) break;
      yield rest;
      rest = '';
    }
  }
  if (rest !== '') yield rest;
}

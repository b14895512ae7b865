import { InvalidInput } from '../errors.ts';

/** What stands at one place of the input, or why it cannot be used. */
export type Value = Found | Problem;

export interface Found {
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
export async function* jsonLines(texts: AsyncIterable<string>, longest: number): AsyncGenerator<Value> {
  let number = 0;
  for await (const text of lines(texts, longest)) {
    number += 1;
    const place = `Line ${number}`;
    if (text === null) yield { place, problem: `${place} is longer than ${longest} characters.` };
    else if (text.trim() !== '') yield parsed(place, number, text);
  }
}

/** The same for those who give up at the first that is broken. @throws InvalidInput naming the line */
export async function* soundLines(texts: AsyncIterable<string>, longest: number): AsyncGenerator<Found> {
  for await (const value of jsonLines(texts, longest)) {
    if ('problem' in value) throw new InvalidInput(value.problem);
    yield value;
  }
}

function parsed(place: string, number: number, text: string): Value {
  try {
    return { place, number, list: '', value: JSON.parse(text) };
  } catch {
    return { place, problem: `${place} is not JSON; write one JSON object on each line.` };
  }
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

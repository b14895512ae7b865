import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';
import { oneLine, truncated } from '../../text.ts';
import type { ChatReply } from './chat.ts';

/**
 * The result of reading a reply. The problem completes a sentence and quotes nothing of the reply.
 * `dropped` counts the rows that could not be read and were left out.
 */
export type ReadReply<T> =
  | { readonly fits: true; readonly value: T; readonly dropped: number }
  | { readonly fits: false; readonly problem: string };
export type ReplyReader<T> = (value: unknown) => ReadReply<T>;

const STOPPED: Record<NonNullable<ChatReply['stopped']>, string> = {
  refusal: 'the model declined to answer',
  length: 'the reply was cut off at the longest that the model writes',
  content_filter: "the server's content filter cut the reply off",
  empty: 'the reply was empty',
};

/** A reader that checks the reply against a zod schema. */
export function shapeReader<T>(shape: z.ZodMiniType<T>): ReplyReader<T> {
  return (value) => {
    const { success, data, error } = shape.safeParse(value);
    return success
      ? { fits: true, value: data, dropped: droppedRows(value, data) }
      : { fits: false, problem: misfit(error) };
  };
}

/** A list without the rows that do not fit the shape. The list does not fit if all of its rows are bad. */
export function validRows<T>(shape: z.ZodMiniType<T>) {
  return z.pipe(
    z.array(z.unknown()),
    z.transform((list, context): T[] => {
      const read = list.map((row) => shape.safeParse(row));
      const good = read.flatMap((row) => (row.success ? [row.data] : []));
      const bad = read.findIndex((row) => !row.success);
      if (good.length === 0 && bad >= 0)
        for (const issue of read[bad]?.error?.issues ?? [])
          context.issues.push({ ...issue, path: [bad, ...issue.path], input: list } as z.core.$ZodRawIssue);
      return good;
    }),
  );
}

/** The same for an optional list, which may also lose all of its rows. */
export function optionalRows<T>(shape: z.ZodMiniType<T>) {
  return z.nullish(z.catch(validRows(shape), []));
}

/** A number, also in quotes. */
export const numberLike = z.union([
  z.number(),
  z.pipe(z.string().check(z.regex(/^\s*-?\d+(?:\.\d+)?\s*$/)), z.transform(Number)),
]);

function droppedRows(reply: unknown, read: unknown): number {
  const lengths = (value: unknown) =>
    new Map(Object.entries(value ?? {}).flatMap(([key, list]) => (Array.isArray(list) ? [[key, list.length]] : [])));
  const kept = lengths(read);
  return [...lengths(reply)].reduce((sum, [key, length]) => sum + length - (kept.get(key) ?? length), 0);
}

/** Never throws. */
export function readReply<T>(
  { text, stopped }: Pick<ChatReply, 'text' | 'stopped'>,
  read: ReplyReader<T>,
): ReadReply<T> {
  if (stopped) return { fits: false, problem: STOPPED[stopped] };
  const values = jsonIn(text);
  if (values.length === 0) return { fits: false, problem: 'the reply is not JSON' };
  const readings = values.map(read);
  return readings.find(({ fits }) => fits) ?? (readings[0] as ReadReply<T>);
}

/**
 * Candidates for the requested JSON in a text, most likely first: the whole text; the text after the model's thoughts; the objects in
 * that text, last one first, because a model that writes drafts ends with its answer; and for each its only member. JSON inside a
 * JSON string counts too.
 */
function jsonIn(text: string): unknown[] {
  const parsedText = [text, withoutThoughts(text)]
    .map((candidate) => parseJson(candidate.trim()))
    .find((parsed) => parsed !== undefined);
  const whole = typeof parsedText === 'string' ? parseJson(parsedText) : parsedText;
  const values = whole === undefined ? objectsIn(withoutThoughts(text)).reverse() : [whole];
  return values.flatMap((value) => [value, ...onlyMember(value)]);
}

/** The end marks of thoughts in various model families. */
const THOUGHTS_END =
  /<\/(?:think|thinking|thought|reasoning|seed:think)>|◁\/think▷|\[\/THINK\]|<\|channel\|>final<\|message\|>/g;
const THOUGHTS_BEGIN = /<(?:think|thinking|thought|reasoning|seed:think)>|◁think▷|\[THINK\]|<\|channel\|>analysis/;

/** The text after the last end mark of thoughts, or before thoughts that never end. */
function withoutThoughts(text: string): string {
  const end = [...text.matchAll(THOUGHTS_END)].at(-1);
  const spoken = end ? text.slice(end.index + end[0].length) : text;
  return spoken.split(THOUGHTS_BEGIN)[0] ?? '';
}

function onlyMember(value: unknown): unknown[] {
  const members = value !== null && typeof value === 'object' ? Object.values(value) : [];
  return members.length === 1 && members[0] !== null && typeof members[0] === 'object' ? members : [];
}

/** The JSON between outermost braces, in the order of the text. */
function objectsIn(text: string): unknown[] {
  const objects: unknown[] = [];
  // Prose has few braces; a text full of them is not worth more attempts.
  for (let start = text.indexOf('{'), tries = 0; start >= 0 && tries < 20; tries += 1) {
    const end = closingBrace(text, start);
    const value = end > start ? parseJson(text.slice(start, end)) : undefined;
    if (value !== undefined) objects.push(value);
    start = text.indexOf('{', value === undefined ? start + 1 : end);
  }
  return objects;
}

/** The place after the brace that closes the one at `start`; `start` if none does. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted && letter === '\\') at += 1;
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === '{') depth += 1;
    else if (!quoted && letter === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return start;
}

function misfit({ issues }: z.core.$ZodError): string {
  const [issue] = issues;
  const place = issue?.path.join('.') || 'the reply';
  return issue?.code === 'invalid_type' ? `${place} is not ${article(issue.expected)}` : `${place} does not fit`;
}

const article = (type: string) => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);

/** The distinct items of a prompt, numbered from 1. */
export interface Numbered<T> {
  readonly items: readonly T[];
  /** The number of an item; equal items have the same number. */
  numberOf(item: T): number;
}

export function numbered<T>(all: readonly T[]): Numbered<T> {
  const numbers = new Map<string, number>();
  const items: T[] = [];
  for (const item of all) {
    const key = JSON.stringify(item);
    if (!numbers.has(key)) numbers.set(key, items.push(item));
  }
  return { items, numberOf: (item) => numbers.get(JSON.stringify(item)) ?? 0 };
}

/** Answers by the number that they are about; of two with the same number the first counts. */
export function byNumber<T>(answers: readonly T[], number: (answer: T) => number): Map<number, T> {
  const map = new Map<number, T>();
  for (const answer of answers) if (!map.has(number(answer))) map.set(number(answer), answer);
  return map;
}

/** Invisible characters that would make two names of one. Joiners stay, because scripts and emoji need them. */
const INVISIBLE = /[\u200b\u2060\ufeff]/g;

/** A model's text as one line that the stores return unchanged: no control characters, no lone surrogates. */
export function cleanLine(text: string, longest: number): string {
  return truncated(
    oneLine(
      text
        .toWellFormed()
        .replace(/\p{Cc}/gu, ' ')
        .replace(INVISIBLE, ''),
    ),
    longest,
  );
}

import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';
import type { ChatReply } from './completion.ts';

/**
 * What was made of a reply; the problem is a sentence's end that quotes nothing of the reply.
 * `dropped` counts the rows that could not be read and were left out.
 */
export type Reading<T> =
  | { readonly fits: true; readonly value: T; readonly dropped: number }
  | { readonly fits: false; readonly problem: string };
export type Reader<T> = (value: unknown) => Reading<T>;

const STOPPED: Record<NonNullable<ChatReply['stopped']>, string> = {
  refusal: 'the model declined to answer',
  length: 'the reply was cut off at the longest that the model writes',
  content_filter: "the server's content filter cut the reply off",
  empty: 'the reply was empty',
};

/** A reader for what fits the shape. */
export function shaped<T>(shape: z.ZodMiniType<T>): Reader<T> {
  return (value) => {
    const { success, data, error } = shape.safeParse(value);
    return success
      ? { fits: true, value: data, dropped: droppedRows(value, data) }
      : { fits: false, problem: misfit(error) };
  };
}

/** A list of which the rows that fit the shape are read and the others left out; none at all fits where every row is bad. */
export function rows<T>(shape: z.ZodMiniType<T>) {
  return z.pipe(
    z.array(z.unknown()),
    z.transform((given, context): T[] => {
      const read = given.map((row) => shape.safeParse(row));
      const kept = read.flatMap((row) => (row.success ? [row.data] : []));
      const bad = read.findIndex((row) => !row.success);
      if (kept.length === 0 && bad >= 0)
        for (const issue of read[bad]?.error?.issues ?? [])
          context.issues.push({ ...issue, path: [bad, ...issue.path], input: given } as z.core.$ZodRawIssue);
      return kept;
    }),
  );
}

/** The same for a list that a reply need not have: rows that do not fit are left out, also where none does. */
export function optionalRows<T>(shape: z.ZodMiniType<T>) {
  return z.nullish(z.catch(rows(shape), []));
}

/** A number, also one that a model put in quotes. */
export const numberLike = z.union([
  z.number(),
  z.pipe(z.string().check(z.regex(/^\s*-?\d+(?:\.\d+)?\s*$/)), z.transform(Number)),
]);

function droppedRows(given: unknown, read: unknown): number {
  const lengths = (value: unknown) =>
    new Map(Object.entries(value ?? {}).flatMap(([key, list]) => (Array.isArray(list) ? [[key, list.length]] : [])));
  const kept = lengths(read);
  return [...lengths(given)].reduce((sum, [key, length]) => sum + length - (kept.get(key) ?? length), 0);
}

/** Never throws. */
export function readReply<T>({ text, stopped }: Pick<ChatReply, 'text' | 'stopped'>, read: Reader<T>): Reading<T> {
  if (stopped) return { fits: false, problem: STOPPED[stopped] };
  const values = jsonIn(text);
  if (values.length === 0) return { fits: false, problem: 'the reply is not JSON' };
  const readings = values.map(read);
  return readings.find(({ fits }) => fits) ?? (readings[0] as Reading<T>);
}

/**
 * What of a text may be the JSON that was asked for, likeliest first: all of it; what follows the model's thoughts; the objects in
 * that, the last one first, since a model that drafts ends with its answer; and what each holds as its only member. JSON in quotes
 * counts too.
 */
function jsonIn(text: string): unknown[] {
  const found = [text, withoutThoughts(text)]
    .map((candidate) => parseJson(candidate.trim()))
    .find((parsed) => parsed !== undefined);
  const whole = typeof found === 'string' ? parseJson(found) : found;
  const values = whole === undefined ? objectsIn(withoutThoughts(text)).reverse() : [whole];
  return values.flatMap((value) => [value, ...onlyMember(value)]);
}

/** What ends a model's thoughts, as the families of models write it. */
const THOUGHTS_END =
  /<\/(?:think|thinking|thought|reasoning|seed:think)>|◁\/think▷|\[\/THINK\]|<\|channel\|>final<\|message\|>/g;
const THOUGHTS_BEGIN = /<(?:think|thinking|thought|reasoning|seed:think)>|◁think▷|\[THINK\]|<\|channel\|>analysis/;

/** The text behind the last end of thoughts; of thoughts that never end, what stands before them. */
function withoutThoughts(text: string): string {
  const end = [...text.matchAll(THOUGHTS_END)].at(-1);
  const spoken = end ? text.slice(end.index + end[0].length) : text;
  return spoken.split(THOUGHTS_BEGIN)[0] ?? '';
}

function onlyMember(value: unknown): unknown[] {
  const members = value !== null && typeof value === 'object' ? Object.values(value) : [];
  return members.length === 1 && members[0] !== null && typeof members[0] === 'object' ? members : [];
}

/** The parts between outermost braces that are JSON, in the order of the text. */
function objectsIn(text: string): unknown[] {
  const found: unknown[] = [];
  // Braces in prose are few; a text full of them is not worth more tries.
  for (let start = text.indexOf('{'), tries = 0; start >= 0 && tries < 20; tries += 1) {
    const end = closingBrace(text, start);
    const value = end > start ? parseJson(text.slice(start, end)) : undefined;
    if (value !== undefined) found.push(value);
    start = text.indexOf('{', value === undefined ? start + 1 : end);
  }
  return found;
}

/** The place after the brace that closes the one at `start`; `start` when none does. */
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

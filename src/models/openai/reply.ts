import type * as z from 'zod/mini';
import type { ChatReply } from './completion.ts';

/** What was made of a reply; the problem is a sentence's end that quotes nothing of the reply. */
export type Reading<T> =
  | { readonly fits: true; readonly value: T }
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
    return success ? { fits: true, value: data } : { fits: false, problem: misfit(error) };
  };
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
 * What of a text may be the JSON that was asked for, likeliest first: all of it, or what stands in a code fence or between
 * prose, and what that holds as its only member. JSON in quotes counts too.
 */
function jsonIn(text: string): unknown[] {
  const spoken = text.replace(/<think>[\s\S]*?<\/think>/g, '').trim();
  const whole = parsed(spoken);
  const found = whole === undefined ? longestObject(spoken) : typeof whole === 'string' ? parsed(whole) : whole;
  return found === undefined ? [] : [found, ...onlyMember(found)];
}

function onlyMember(value: unknown): unknown[] {
  const members = value !== null && typeof value === 'object' ? Object.values(value) : [];
  return members.length === 1 && members[0] !== null && typeof members[0] === 'object' ? members : [];
}

/** The longest part between braces that is JSON. */
function longestObject(text: string): unknown {
  let best: unknown;
  let length = 0;
  // Braces in prose are few; a text full of them is not worth more tries.
  for (let start = text.indexOf('{'), tries = 0; start >= 0 && tries < 20; tries += 1) {
    const end = closingBrace(text, start);
    const value = end - start > length ? parsed(text.slice(start, end)) : undefined;
    if (value !== undefined) {
      best = value;
      length = end - start;
    }
    start = text.indexOf('{', value === undefined ? start + 1 : end);
  }
  return best;
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function misfit({ issues }: z.core.$ZodError): string {
  const [issue] = issues;
  const place = issue?.path.join('.') || 'the reply';
  return issue?.code === 'invalid_type' ? `${place} is not ${article(issue.expected)}` : `${place} does not fit`;
}

const article = (type: string) => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);

import * as z from 'zod/mini';
import { InvalidInputError } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseTime } from '../../time.ts';
import type { Tool } from './tool.ts';

export const textArgument = (description: string) => z.string().check(z.describe(description));
export const listArgument = (description: string) => z.array(z.string()).check(z.describe(description));
export const countArgument = (most: number, usual: number, description: string) =>
  z._default(z.int().check(z.minimum(1), z.maximum(most), z.describe(description)), usual);
export const dateArgument = (description: string) =>
  z.string().check(z.describe(`${description}, such as 2026-11-22 or 2026-11-22T08:30:00Z (no offset means UTC)`));

/** @throws InvalidInputError naming the argument */
export function parseTimeArgument(text: string | undefined, name: string): Date | undefined {
  return text === undefined ? undefined : parseTime(text, name);
}

/** A call's valid arguments, and the names of unknown ones. */
export interface Arguments {
  readonly args: Record<string, unknown>;
  readonly unknown: readonly string[];
}

/**
 * Reads a call's arguments as leniently as Python's server, and as models write them: null, empty text, and for optional arguments also
 * "null" count as missing; a single name is a list of one; lists and numbers may come as text; unknown arguments are ignored.
 * @throws InvalidInputError naming the argument
 */
export function readArguments({ name, input }: Tool, args: Readonly<Record<string, unknown>>): Arguments {
  const shape = input.shape as Readonly<Record<string, z.ZodMiniType>>;
  const present = Object.entries(args).filter(([, value]) => !isNothing(value));
  const recognized = present.filter(([key]) => Object.hasOwn(shape, key));
  const used = Object.fromEntries(recognized.map(([key, value]) => [key, fitted(shape[key], value)]));
  const parsed = input.safeParse(used);
  if (!parsed.success) throw new InvalidInputError(sentence(name, used, parsed.error.issues[0]));
  return {
    args: parsed.data,
    // Ignoring an argument that asks for nothing changes nothing.
    unknown: present.filter(([key, value]) => !Object.hasOwn(shape, key) && !asksNothing(value)).map(([key]) => key),
  };
}

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'string' && value.trim() === '');
/** Words that models and Python write for null. A required text may be such a word. */
const isNothingInWords = (value: unknown): boolean =>
  typeof value === 'string' && /^(?:null|none|undefined|nil)$/i.test(value.trim());

const asksNothing = (value: unknown): boolean => value === false || (Array.isArray(value) && value.length === 0);

function fitted(shape: z.ZodMiniType | undefined, value: unknown): unknown {
  const kind = kindOf(shape);
  if (shape && isOptional(shape) && isNothingInWords(value)) return undefined;
  if (kind === 'array') return listOf(value, shape !== undefined && isOptional(shape));
  if (kind === 'number' && typeof value === 'string' && value.trim() !== '') return Number(value);
  return value;
}

/** A list, a single name, or a list in JSON or Python notation; undefined if it is empty. */
function listOf(value: unknown, mayBeLeftOut: boolean): unknown {
  const values = Array.isArray(value) ? value : typeof value === 'string' ? [value] : undefined;
  if (!values) return value;
  const each = values
    .flatMap((item) => listAsText(item) ?? [item])
    .filter((item) => !isNothing(item) && !(mayBeLeftOut && isNothingInWords(item)));
  return each.length > 0 ? each : undefined;
}

function listAsText(value: unknown): unknown[] | undefined {
  if (typeof value !== 'string' || !/^\s*\[.*\]\s*$/s.test(value)) return undefined;
  for (const text of [value, value.replaceAll("'", '"')]) {
    const parsed = parseJson(text);
    if (Array.isArray(parsed)) return parsed;
  }
  return undefined;
}

const isOptional = (shape: z.ZodMiniType): boolean => shape.safeParse(undefined).success;

function kindOf(shape: z.ZodMiniType | undefined): string | undefined {
  const def = shape?._zod.def as { type?: string; innerType?: z.ZodMiniType } | undefined;
  return def?.innerType ? kindOf(def.innerType) : def?.type;
}

const NEEDED: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list of texts',
  int: 'a whole number',
  number: 'a whole number',
};

function sentence(tool: string, args: Readonly<Record<string, unknown>>, issue: z.core.$ZodIssue | undefined): string {
  const argument = issue?.path.join('.') || 'arguments';
  if (issue?.code === 'too_big') return `${argument} must be at most ${issue.maximum}.`;
  if (issue?.code === 'too_small') return `${argument} must be at least ${issue.minimum}.`;
  if (issue?.code !== 'invalid_type') return `${argument} cannot be used; see the description of ${tool}.`;
  if (args[argument] === undefined && issue.path.length === 1)
    return `${tool} needs ${argument}, which is missing or empty.`;
  return `${argument} must be ${NEEDED[issue.expected] ?? issue.expected}.`;
}

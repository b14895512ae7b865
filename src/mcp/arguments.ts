import * as z from 'zod/mini';
import { InvalidInput } from '../errors.ts';
import { parseTime } from '../time.ts';
import type { Tool } from './tool.ts';

export const text = (about: string) => z.string().check(z.describe(about));
export const texts = (about: string) => z.array(z.string()).check(z.describe(about));
export const count = (most: number, usual: number, about: string) =>
  z._default(z.int().check(z.minimum(1), z.maximum(most), z.describe(about)), usual);
export const date = (about: string) =>
  z.string().check(z.describe(`${about}, such as 2026-11-22 or 2026-11-22T08:30:00Z (no offset means UTC)`));

/** @throws InvalidInput naming the argument */
export function timeOf(given: string | undefined, name: string): Date | undefined {
  return given === undefined ? undefined : parseTime(given, name);
}

/** What a tool was given, and what it does not know of that. */
export interface Arguments {
  readonly given: Record<string, unknown>;
  readonly unknown: readonly string[];
}

/**
 * Reads a call's arguments as generously as Python's server: null and empty text count as left out, a single name as a list of
 * one, figures may come as text, and what the tool does not know is passed over.
 * @throws InvalidInput naming the argument
 */
export function readArguments({ name, input }: Tool, given: Readonly<Record<string, unknown>>): Arguments {
  const shape = input.shape as Readonly<Record<string, z.ZodMiniType>>;
  const there = Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const known = there.filter(([key]) => Object.hasOwn(shape, key));
  const used = Object.fromEntries(known.map(([key, value]) => [key, fitted(shape[key], value)]));
  const parsed = input.safeParse(used);
  if (!parsed.success) throw new InvalidInput(sentence(name, used, parsed.error.issues[0]));
  return {
    given: parsed.data,
    // An argument that asks for nothing changes nothing when it is passed over.
    unknown: there.filter(([key, value]) => !Object.hasOwn(shape, key) && !asksNothing(value)).map(([key]) => key),
  };
}

const asksNothing = (value: unknown): boolean => value === false || (Array.isArray(value) && value.length === 0);

function fitted(shape: z.ZodMiniType | undefined, value: unknown): unknown {
  const kind = kindOf(shape);
  if (kind === 'array' && typeof value === 'string') return [value];
  if (kind === 'array' && Array.isArray(value) && value.length === 0) return undefined;
  if (kind === 'number' && typeof value === 'string' && value.trim() !== '') return Number(value);
  return value;
}

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

function sentence(tool: string, given: Readonly<Record<string, unknown>>, issue: z.core.$ZodIssue | undefined): string {
  const argument = issue?.path.join('.') || 'arguments';
  if (issue?.code === 'too_big') return `${argument} must be at most ${issue.maximum}.`;
  if (issue?.code === 'too_small') return `${argument} must be at least ${issue.minimum}.`;
  if (issue?.code !== 'invalid_type') return `${argument} cannot be used; see the description of ${tool}.`;
  if (given[argument] === undefined && issue.path.length === 1)
    return `${tool} needs ${argument}, which is missing or empty.`;
  return `${argument} must be ${NEEDED[issue.expected] ?? issue.expected}.`;
}

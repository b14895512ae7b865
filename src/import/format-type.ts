import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { EpisodeOptions, Metadata } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { checkTime, parseTime } from '../time.ts';

export type FormatName = 'episodes' | 'mem0' | 'mcp-memory';
export const FORMATS = ['episodes', 'mem0', 'mcp-memory'] as const satisfies readonly FormatName[];

/** An episode to store: a text or, with the source `fact_triple`, a stated fact. */
export interface ImportedEpisode extends EpisodeOptions {
  readonly content: string;
  readonly metadata?: Metadata | null;
  /** The group in the imported data. */
  readonly group?: string;
}

/** A part of a value that cannot be imported; the sentence continues after its place. */
export interface UnusableItem {
  readonly unusable: string;
}

/** How one format is read. It must keep little state, because files may be large. */
export interface FormatReader {
  /** Called with every value before the first is read. @throws InvalidInputError for a value of another format */
  note?(list: string, value: unknown): void;
  /** Converts a value to episodes. @throws InvalidInputError with a sentence that continues after its place */
  read(list: string, value: unknown): (ImportedEpisode | UnusableItem)[];
}

export interface Format {
  readonly name: FormatName;
  /** Whether a value is of this format rather than of another. */
  is(list: string, value: Readonly<Record<string, unknown>>): boolean;
  open(): FormatReader;
}

/** An idempotency key for an imported text. A changed text gets another key, even under the same id. */
export function importKey(format: FormatName, content: string, ...identity: readonly unknown[]): string {
  const hash = createHash('sha256').update(JSON.stringify([content, ...identity]));
  return `${format}/${hash.digest('hex')}`;
}

const EXPECTED_TYPES = { string: 'text', record: 'a JSON object', array: 'a list' } as const;

/** @throws InvalidInputError naming the field */
export function parseShape<T extends z.ZodMiniType>(shape: T, value: unknown): z.output<T> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path[0];
  if (field === undefined) throw new InvalidInputError('it must be a JSON object.', { cause: parsed.error });
  const expected =
    issue?.code === 'invalid_type' ? EXPECTED_TYPES[issue.expected as keyof typeof EXPECTED_TYPES] : undefined;
  const among = issue?.code === 'invalid_value' ? issue.values.join(', ') : undefined;
  throw new InvalidInputError(`"${String(field)}" must be ${expected ?? among ?? 'something else'}.`, {
    cause: parsed.error,
  });
}

export const textShape = z.string();
export const optionalTextShape = z.nullish(textShape);
/** A date as text, or seconds or milliseconds since 1970. */
export const optionalTime = z.nullish(z.union([z.string(), z.number()]));
export const optionalObject = z.nullish(z.record(z.string(), z.unknown()));

/** Distinguishes seconds from milliseconds: all times since 1973 are larger than this in milliseconds, and none is in seconds. */
const FIRST_MILLISECOND = 1e11;

/**
 * The first of several times that is given.
 * @throws InvalidInputError when it is none
 */
export function importedTime(times: Readonly<Record<string, string | number | null | undefined>>): {
  referenceTime?: Date;
} {
  const [name, time] =
    Object.entries(times).find(([, time]) => time !== undefined && time !== null && time !== '') ?? [];
  if (name === undefined || time === undefined || time === null) return {};
  if (typeof time === 'string') return { referenceTime: parseTime(MAIL.test(time) ? isoOf(time) : time, name) };
  const milliseconds = Math.abs(time) < FIRST_MILLISECOND ? time * 1000 : time;
  return { referenceTime: checkTime(new Date(milliseconds), name) };
}

/** The date format of mails and HTTP. */
const MAIL = /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})$/;

function isoOf(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toISOString();
}

/** Without members that are null. */
export function withoutNulls(fields: Readonly<Record<string, unknown>>): Metadata {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

import * as z from 'zod/mini';
import type { Param, Params } from '../graph/codec.ts';
import type { Change } from '../graph/group-graph.ts';

/** Another graph was put in the place of the group's: that of an archive. What follows is of that graph. */
export interface Base {
  readonly file: string;
  readonly sha256: string;
  /** Of a graph that goes on with other vectors: id of the last entry before it was read. What was recorded then must not be lost. */
  readonly goesOnAfter?: string;
}

export interface NewEntry extends Change {
  readonly base?: Base;
}

/** A change as the journal holds it. */
export interface JournalEntry extends NewEntry {
  /** Valkey's number of it, which begins with the milliseconds since 1970. */
  readonly id: string;
  /** Why nothing may be made of it; query and parameters are empty then. */
  readonly refused?: 'cannot be read' | 'is not authentic';
}

/** An entry as it is stored: JSON, and the vectors of that one after the other as numbers of 32 bits, least byte first. */
export interface Packed {
  readonly text: string;
  readonly vectors: Buffer;
}

const VERSION = 1;
/** No name of a parameter can begin so. */
const PLACE = '$vector';

const shape = z.object({
  version: z.literal(VERSION),
  query: z.string(),
  params: z.record(z.string(), z.unknown()),
  base: z.optional(z.object({ file: z.string(), sha256: z.string(), goesOnAfter: z.optional(z.string()) })),
});

/** Vectors take a fifth of the bytes so; they are those lists named `embedding` that 32 bits hold to the last digit. */
export function pack({ query, params, base }: NewEntry): Packed {
  const vectors: (readonly number[])[] = [];
  let length = 0;
  const text = JSON.stringify({ version: VERSION, query, params, base }, (key, value) => {
    if (key !== 'embedding' || !isVector(value)) return value;
    vectors.push(value);
    length += value.length;
    return { [PLACE]: [length - value.length, value.length] };
  });
  return { text, vectors: bytesOf(vectors, length) };
}

/** @throws Error for what this version did not write */
export function unpack({ text, vectors }: Packed): NewEntry {
  const { query, params, base } = shape.parse(
    JSON.parse(text, (key, value) => (key === 'embedding' ? unpacked(value, vectors) : value)),
  );
  return { query, params: params as Params, ...(base && { base: base as Base }) };
}

function isVector(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((it) => Math.fround(it) === it);
}

function bytesOf(vectors: readonly (readonly number[])[], length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length * 4);
  let at = 0;
  for (const vector of vectors) for (const number of vector) at = bytes.writeFloatLE(number, at);
  return bytes;
}

function unpacked(value: unknown, vectors: Buffer): Param {
  const place = (value as Record<string, [number, number]> | null)?.[PLACE];
  if (!place) return value as Param;
  const [from, length] = place;
  return Array.from({ length }, (_, index) => vectors.readFloatLE((from + index) * 4));
}

/** True for what cannot be read here since a newer release wrote it. */
export function isOfNewerRelease(text: string): boolean {
  try {
    const { version } = JSON.parse(text) as { version?: unknown };
    return typeof version === 'number' && version > VERSION;
  } catch {
    return false;
  }
}

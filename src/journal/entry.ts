import * as z from 'zod/mini';
import type { Change } from '../graph/group-graph.ts';
import type { Param, Params } from '../graph/query-text.ts';
import { parseJson } from '../json.ts';

/** The group's graph was replaced by an archive's; later entries are changes of that graph. */
export interface BaseArchive {
  readonly file: string;
  readonly sha256: string;
  /** For a graph that continues with other vectors: id of the last entry before it was read. Episodes recorded since must be replayed. */
  readonly goesOnAfter?: string;
}

export interface NewEntry extends Change {
  readonly base?: BaseArchive;
  /** True for the first change of a graph that takes the place of the group's. Not stored. */
  readonly replaces?: boolean;
}

/** A change in the journal. */
export interface JournalEntry extends NewEntry {
  /** Valkey's stream id, which begins with the milliseconds since 1970. */
  readonly id: string;
  /** Why the entry must not be used; query and parameters are then empty. */
  readonly refused?: 'cannot be read' | 'is not authentic';
}

/** An entry as stored: JSON, and its vectors as little-endian float32 numbers, one vector after the other. */
export interface PackedEntry {
  readonly text: string;
  readonly vectors: Buffer;
}

const VERSION = 1;
/** No parameter name can begin with a dollar sign. */
const PLACE = '$vector';

const shape = z.object({
  version: z.literal(VERSION),
  query: z.string(),
  params: z.record(z.string(), z.unknown()),
  base: z.optional(z.object({ file: z.string(), sha256: z.string(), goesOnAfter: z.optional(z.string()) })),
});

/** Packs lists named `embedding` that float32 holds exactly; they take a fifth of the bytes of JSON. */
export function packEntry({ query, params, base }: NewEntry): PackedEntry {
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

/** @throws Error for an entry that this version did not write */
export function unpackEntry({ text, vectors }: PackedEntry): NewEntry {
  const { query, params, base } = shape.parse(
    JSON.parse(text, (key, value) => (key === 'embedding' ? unpacked(value, vectors) : value)),
  );
  return { query, params: params as Params, ...(base && { base: base as BaseArchive }) };
}

function isVector(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((number) => Math.fround(number) === number);
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

/** True for an entry that only a newer release can read. */
export function isOfNewerRelease(text: string): boolean {
  const entry = parseJson(text) as { version?: unknown } | null | undefined;
  return typeof entry?.version === 'number' && entry.version > VERSION;
}

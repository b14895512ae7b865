import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Extraction, TokenUse, Verdict } from '../models/language-model.ts';

const date = z.pipe(
  z.iso.datetime(),
  z.transform((text) => new Date(text)),
);
const attributes = z.optional(
  z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))]),
  ),
);
const use = z.array(
  z.object({
    purpose: z.enum(['extract', 'resolve', 'summarize', 'score', 'embed']),
    model: z.string(),
    promptTokens: z.number(),
    completionTokens: z.number(),
    rowsDropped: z.optional(z.number()),
  }),
);
const ends = { source: z.string(), target: z.string() };
const extraction = z.object({
  entities: z.array(z.object({ name: z.string(), type: z.string(), attributes })),
  facts: z.array(
    z.object({
      ...ends,
      ...{ relation: z.string(), fact: z.string(), validAt: z.nullable(date), invalidAt: z.nullable(date), attributes },
    }),
  ),
  ended: z.array(z.object({ ...ends, at: date })),
  use: z.optional(use),
});
const place = z.nullable(z.int());
const verdict = z.object({
  entities: z.array(place),
  facts: z.array(z.object({ repeats: place, contradicts: z.array(z.int()) })),
  use: z.optional(use),
});
const stampedExtraction = z.object({ stamp: z.string(), extraction });
const vectorsHead = z.object({ stamp: z.string(), use });

/** Vectors of an episode's texts, and what they cost. */
export interface KeptVectors {
  readonly vectors: readonly (readonly number[])[];
  readonly use: readonly TokenUse[];
}

/** Short, and another one when any of the parts is another. */
export function hashOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

export function extractionText(stamp: string, extraction: Extraction): string {
  return JSON.stringify({ stamp, extraction });
}

/** Undefined for rubbish and for what has another stamp. */
export function readExtraction(text: string, stamp: string): Extraction | undefined {
  const read = stampedExtraction.safeParse(parsed(text));
  return read.success && read.data.stamp === stamp ? (read.data.extraction as Extraction) : undefined;
}

/** A line of JSON, and behind it the numbers as the graph keeps them: float32, little endian, one vector after the other. */
export function vectorsBytes(stamp: string, { vectors, use }: KeptVectors): Buffer {
  const head = Buffer.from(`${JSON.stringify({ stamp, use })}\n`);
  const width = vectors[0]?.length ?? 0;
  const body = new DataView(new ArrayBuffer(vectors.length * width * FLOAT));
  for (const [row, vector] of vectors.entries())
    for (let column = 0; column < width; column += 1)
      body.setFloat32((row * width + column) * FLOAT, vector[column] ?? 0, true);
  return Buffer.concat([head, new Uint8Array(body.buffer)]);
}

const FLOAT = 4;

/** Undefined for rubbish, for what has another stamp and for another number of numbers. */
export function readVectors(bytes: Buffer, stamp: string, count: number, width: number): KeptVectors | undefined {
  const end = bytes.indexOf('\n');
  const head = vectorsHead.safeParse(parsed(bytes.subarray(0, end).toString()));
  if (!head.success || head.data.stamp !== stamp || bytes.length - end - 1 !== count * width * FLOAT) return undefined;
  const body = new DataView(bytes.buffer, bytes.byteOffset + end + 1);
  const numberAt = (place: number) => body.getFloat32(place * FLOAT, true);
  const vectors = Array.from({ length: count }, (_, row) =>
    Array.from({ length: width }, (_, column) => numberAt(row * width + column)),
  );
  return { vectors, use: head.data.use };
}

/** @param asked how many answers there have to be */
export function readVerdict(text: string, asked: { entities: number; facts: number }): Verdict | undefined {
  const read = verdict.safeParse(parsed(text));
  if (!read.success) return undefined;
  const { entities, facts } = read.data;
  return entities.length === asked.entities && facts.length === asked.facts ? (read.data as Verdict) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

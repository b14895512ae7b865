import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import type { Embedder } from '../models/embedder.ts';
import type { Extraction, LanguageModel, PartMemo, TokenUse, Verdict } from '../models/language-model.ts';
import type { Ontology } from '../ontology.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { DAY, SECOND } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';

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
const sentence = { sentence: z.string() };
const note = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('value'),
    ...sentence,
    ...{ subject: z.string(), property: z.string(), value: z.string(), replaces: z.optional(z.string()) },
  }),
  z.object({ kind: z.literal('rule'), ...sentence }),
  z.object({ kind: z.literal('task'), ...sentence, task: z.string(), isDone: z.boolean() }),
]);
const extraction = z.object({
  entities: z.array(z.object({ name: z.string(), type: z.string(), attributes })),
  facts: z.array(
    z.object({
      ...ends,
      ...{ relation: z.string(), fact: z.string(), validAt: z.nullable(date), invalidAt: z.nullable(date), attributes },
      evidence: z.optional(z.string()),
    }),
  ),
  ended: z.array(z.object({ ...ends, at: date })),
  notes: z.optional(z.array(note)),
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

/** What is left of an episode's earlier reading, by the same models and for the same types. */
export interface Remembered {
  readonly extraction: Extraction | undefined;
  /** Of these texts in this order; undefined when they are not known. */
  vectors(texts: readonly string[]): KeptVectors | undefined;
}

/** What models made of episodes, so that it is paid for once however often they are tried, delivered or replayed. */
export interface Memo {
  /** Another one when anything is another that what is remembered depends on. */
  readonly stamp: string;
  /** One for each uuid, in the same order, in one round trip. */
  recall(group: string, uuids: readonly string[]): Promise<Remembered[]>;
  /** Keeping never fails: what cannot be kept is in hand all the same. While Valkey is away it waits for it. */
  keepExtraction(group: string, uuid: string, extraction: Extraction): void;
  keepVectors(group: string, uuid: string, texts: readonly string[], kept: KeptVectors): void;
  /** The same for an episode's passages; looked up only for an episode that was read before. */
  keepPassages(group: string, uuid: string, texts: readonly string[], kept: KeptVectors): void;
  passages(group: string, uuid: string, texts: readonly string[]): Promise<KeptVectors | undefined>;
  /** What was read of the parts of a long episode, until all of them are; looked up at the first question. */
  parts(group: string, uuid: string): PartMemo;
  count(stage: 'extraction' | 'vectors' | 'judgement', isHit: boolean): void;
}

/** Raised with every change of what is kept. */
const VERSION = 1;
/** As long as the episode's job. */
const KEPT = (30 * DAY) / SECOND;
const STAGES = ['extraction', 'vectors'] as const;
/** Asked for only where they are needed. */
const LATE = ['parts', 'passages'] as const;
const memoKey = (valkey: Redis, group: string, uuid: string, stage: (typeof STAGES | typeof LATE)[number]) =>
  `${groupKey(valkey, 'memo', group)}:${uuid}:${stage}`;

export interface MemoParts {
  readonly model: Pick<LanguageModel, 'id'>;
  readonly embedder: Pick<Embedder, 'model' | 'dimension'>;
  readonly ontology: Ontology;
  readonly metrics: Metrics;
}

export function openMemo(valkey: Redis, { model, embedder, ontology, metrics }: MemoParts): Memo {
  const ofExtraction = hashOf(VERSION, model.id, ontology);
  const ofVectors = hashOf(VERSION, embedder.model, embedder.dimension);

  const unsent: (readonly [key: string, value: string | Buffer])[] = [];

  /** Sent at the end of this turn of the event loop, before anybody goes on with it; many at once cost nearly the same as one. */
  function keep(key: string, value: string | Buffer): void {
    if (unsent.push([key, value]) > 1) return;
    queueMicrotask(() => {
      const calls = valkey.pipeline();
      for (const [key, value] of unsent.splice(0)) calls.set(key, value, 'EX', KEPT);
      // Out of memory, or closed: the commit goes on with what it has, and a later try pays again.
      calls.exec().catch(() => {});
    });
  }

  function remembered(extraction: Buffer | null, vectors: Buffer | null): Remembered {
    return {
      extraction: extraction ? readExtraction(extraction.toString(), ofExtraction) : undefined,
      vectors: (texts) =>
        vectors ? readVectors(vectors, hashOf(ofVectors, texts), texts.length, embedder.dimension) : undefined,
    };
  }

  return {
    stamp: hashOf(ofExtraction, ofVectors),
    async recall(group, uuids) {
      if (uuids.length === 0) return [];
      const keys = uuids.flatMap((uuid) => STAGES.map((stage) => memoKey(valkey, group, uuid, stage)));
      const kept = await valkey.mgetBuffer(...keys);
      return uuids.map((_, place) => remembered(kept[2 * place] ?? null, kept[2 * place + 1] ?? null));
    },
    keepExtraction(group, uuid, extraction) {
      keep(memoKey(valkey, group, uuid, 'extraction'), extractionText(ofExtraction, extraction));
      if (extraction.use && extraction.use.length > 1)
        valkey.unlink(memoKey(valkey, group, uuid, 'parts')).catch(() => {});
    },
    keepVectors(group, uuid, texts, kept) {
      keep(memoKey(valkey, group, uuid, 'vectors'), vectorsBytes(hashOf(ofVectors, texts), kept));
    },
    keepPassages(group, uuid, texts, kept) {
      keep(memoKey(valkey, group, uuid, 'passages'), vectorsBytes(hashOf(ofVectors, texts), kept));
    },
    async passages(group, uuid, texts) {
      const bytes = await valkey.getBuffer(memoKey(valkey, group, uuid, 'passages'));
      return bytes ? readVectors(bytes, hashOf(ofVectors, texts), texts.length, embedder.dimension) : undefined;
    },
    parts(group, uuid) {
      const key = memoKey(valkey, group, uuid, 'parts');
      let known: Promise<Record<string, string>> | undefined;
      return {
        async get(part) {
          known ??= valkey.hgetall(key);
          const text = (await known)[hashOf(part)];
          return text === undefined ? undefined : readExtraction(text, ofExtraction);
        },
        async keep(part, extraction) {
          const calls = valkey.pipeline();
          calls.hset(key, hashOf(part), extractionText(ofExtraction, extraction)).expire(key, KEPT);
          await calls.exec().catch(() => {});
        },
      };
    },
    count(stage, isHit) {
      metrics.increment(isHit ? 'opencode.memory.memo.hit' : 'opencode.memory.memo.miss', { stage });
    },
  };
}

/** Forgets what models made of episodes; gives how many notes there were. */
export async function forgetMemo(valkey: Redis, group: string, uuids: readonly string[]): Promise<number> {
  if (uuids.length === 0) return 0;
  return valkey.unlink(
    ...uuids.flatMap((uuid) => [...STAGES, ...LATE].map((stage) => memoKey(valkey, group, uuid, stage))),
  );
}

import { createHash } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';
import * as z from 'zod/mini';
import { parseJson } from '../json.ts';
import type { Embedder } from '../models/embedder.ts';
import type {
  Extraction,
  ExtractionCache,
  LanguageModel,
  ResolutionResult,
  TokenUse,
} from '../models/language-model.ts';
import type { Ontology } from '../ontology.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { DAY, SECOND } from '../time.ts';
import { inPipelines } from '../valkey/cluster.ts';
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

/** Vectors of an episode's texts, and their token use. */
export interface StoredVectors {
  readonly vectors: readonly (readonly number[])[];
  readonly use: readonly TokenUse[];
}

/** A short hash that changes when any part changes. */
export function shortHash(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

export function serializeExtraction(stamp: string, extraction: Extraction): string {
  return JSON.stringify({ stamp, extraction });
}

/** Undefined for unreadable text and for another stamp. */
export function parseStoredExtraction(text: string, stamp: string): Extraction | undefined {
  const read = stampedExtraction.safeParse(parseJson(text));
  return read.success && read.data.stamp === stamp ? (read.data.extraction as Extraction) : undefined;
}

/** A line of JSON, followed by the numbers as in the graph: float32, little endian, one vector after the other. */
export function serializeVectors(stamp: string, { vectors, use }: StoredVectors): Buffer {
  const head = Buffer.from(`${JSON.stringify({ stamp, use })}\n`);
  const width = vectors[0]?.length ?? 0;
  const body = new DataView(new ArrayBuffer(vectors.length * width * FLOAT));
  for (const [row, vector] of vectors.entries())
    for (let column = 0; column < width; column += 1)
      body.setFloat32((row * width + column) * FLOAT, vector[column] ?? 0, true);
  return Buffer.concat([head, new Uint8Array(body.buffer)]);
}

const FLOAT = 4;

/** Undefined for unreadable bytes, for another stamp, and for another count of numbers. */
export function parseStoredVectors(
  bytes: Buffer,
  stamp: string,
  count: number,
  width: number,
): StoredVectors | undefined {
  const end = bytes.indexOf('\n');
  const head = vectorsHead.safeParse(parseJson(bytes.subarray(0, end).toString()));
  if (!head.success || head.data.stamp !== stamp || bytes.length - end - 1 !== count * width * FLOAT) return undefined;
  const body = new DataView(bytes.buffer, bytes.byteOffset + end + 1);
  const numberAt = (place: number) => body.getFloat32(place * FLOAT, true);
  const vectors = Array.from({ length: count }, (_, row) =>
    Array.from({ length: width }, (_, column) => numberAt(row * width + column)),
  );
  return { vectors, use: head.data.use };
}

/** @param asked the expected numbers of answers */
export function parseStoredResolution(
  text: string,
  asked: { entities: number; facts: number },
): ResolutionResult | undefined {
  const read = verdict.safeParse(parseJson(text));
  if (!read.success) return undefined;
  const { entities, facts } = read.data;
  return entities.length === asked.entities && facts.length === asked.facts
    ? (read.data as ResolutionResult)
    : undefined;
}

/** Stored model results of an episode, by the same models and for the same types. */
export interface MemoEntry {
  readonly extraction: Extraction | undefined;
  /** The vectors of these texts in this order; undefined when they are not stored. */
  vectors(texts: readonly string[]): StoredVectors | undefined;
}

/** Stored model results of episodes, so that each is paid for once however often an episode is retried, delivered or replayed. */
export interface Memo {
  /** Changes whenever any input of the stored results changes. */
  readonly stamp: string;
  /** One entry for each uuid, in the same order, in one round trip. */
  lookUp(group: string, uuids: readonly string[]): Promise<MemoEntry[]>;
  /** Storing never fails: the caller has the result anyway. While Valkey is away the write waits. */
  storeExtraction(group: string, uuid: string, extraction: Extraction): void;
  storeVectors(group: string, uuid: string, texts: readonly string[], stored: StoredVectors): void;
  /** The same for an episode's passages; read only for an episode that was extracted before. */
  storePassages(group: string, uuid: string, texts: readonly string[], stored: StoredVectors): void;
  getPassages(group: string, uuid: string, texts: readonly string[]): Promise<StoredVectors | undefined>;
  /** Results for the parts of a long episode, until all parts are done; read when the first one is needed. */
  parts(group: string, uuid: string): ExtractionCache;
  count(stage: 'extraction' | 'vectors' | 'judgement', isHit: boolean): void;
}

/** Raised with every change of the stored format. */
const VERSION = 1;
/** As long as the episode's job is kept. */
const TTL_SECONDS = (30 * DAY) / SECOND;
const STAGES = ['extraction', 'vectors'] as const;
/** Read only when needed. */
const LAZY_STAGES = ['parts', 'passages'] as const;
const memoKey = (valkey: Redis, group: string, uuid: string, stage: (typeof STAGES | typeof LAZY_STAGES)[number]) =>
  `${groupKey(valkey, 'memo', group)}:${uuid}:${stage}`;

export interface MemoParts {
  readonly model: Pick<LanguageModel, 'id'>;
  readonly embedder: Pick<Embedder, 'model' | 'dimension'>;
  readonly ontology: Ontology;
  readonly metrics: Metrics;
}

export function openMemo(valkey: Redis, { model, embedder, ontology, metrics }: MemoParts): Memo {
  const extractionStamp = shortHash(VERSION, model.id, ontology);
  const vectorsStamp = shortHash(VERSION, embedder.model, embedder.dimension);

  const pendingWrites: (readonly [key: string, value: string | Buffer])[] = [];

  /** Sends the writes of one turn of the event loop in one pipeline, which costs nearly the same as one write. */
  function store(key: string, value: string | Buffer): void {
    if (pendingWrites.push([key, value]) > 1) return;
    queueMicrotask(() => {
      const write = (calls: ChainableCommander, [key, value]: (typeof pendingWrites)[number]) =>
        calls.set(key, value, 'EX', TTL_SECONDS);
      // Out of memory, or closed: the commit continues, and a later retry pays again.
      inPipelines(valkey, pendingWrites.splice(0), ([key]) => key, write).catch(() => {});
    });
  }

  function entryOf(extraction: Buffer | null, vectors: Buffer | null): MemoEntry {
    return {
      extraction: extraction ? parseStoredExtraction(extraction.toString(), extractionStamp) : undefined,
      vectors: (texts) =>
        vectors
          ? parseStoredVectors(vectors, shortHash(vectorsStamp, texts), texts.length, embedder.dimension)
          : undefined,
    };
  }

  return {
    stamp: shortHash(extractionStamp, vectorsStamp),
    async lookUp(group, uuids) {
      if (uuids.length === 0) return [];
      const keys = uuids.flatMap((uuid) => STAGES.map((stage) => memoKey(valkey, group, uuid, stage)));
      const stored = await valkey.mgetBuffer(...keys);
      return uuids.map((_, place) => entryOf(stored[2 * place] ?? null, stored[2 * place + 1] ?? null));
    },
    storeExtraction(group, uuid, extraction) {
      store(memoKey(valkey, group, uuid, 'extraction'), serializeExtraction(extractionStamp, extraction));
      if (extraction.use && extraction.use.length > 1)
        valkey.unlink(memoKey(valkey, group, uuid, 'parts')).catch(() => {});
    },
    storeVectors(group, uuid, texts, stored) {
      store(memoKey(valkey, group, uuid, 'vectors'), serializeVectors(shortHash(vectorsStamp, texts), stored));
    },
    storePassages(group, uuid, texts, stored) {
      store(memoKey(valkey, group, uuid, 'passages'), serializeVectors(shortHash(vectorsStamp, texts), stored));
    },
    async getPassages(group, uuid, texts) {
      const bytes = await valkey.getBuffer(memoKey(valkey, group, uuid, 'passages'));
      return bytes
        ? parseStoredVectors(bytes, shortHash(vectorsStamp, texts), texts.length, embedder.dimension)
        : undefined;
    },
    parts(group, uuid) {
      const key = memoKey(valkey, group, uuid, 'parts');
      let known: Promise<Record<string, string>> | undefined;
      return {
        async get(part) {
          known ??= valkey.hgetall(key);
          const text = (await known)[shortHash(part)];
          return text === undefined ? undefined : parseStoredExtraction(text, extractionStamp);
        },
        async set(part, extraction) {
          const calls = valkey.pipeline();
          calls.hset(key, shortHash(part), serializeExtraction(extractionStamp, extraction)).expire(key, TTL_SECONDS);
          await calls.exec().catch(() => {});
        },
      };
    },
    count(stage, isHit) {
      metrics.increment(isHit ? 'opencode.memory.memo.hit' : 'opencode.memory.memo.miss', { stage });
    },
  };
}

/** Deletes all model results of episodes. @returns how many keys there were */
export async function deleteMemo(valkey: Redis, group: string, uuids: readonly string[]): Promise<number> {
  if (uuids.length === 0) return 0;
  return valkey.unlink(
    ...uuids.flatMap((uuid) => [...STAGES, ...LAZY_STAGES].map((stage) => memoKey(valkey, group, uuid, stage))),
  );
}

import type { Redis } from 'ioredis';
import type { Embedder } from '../models/embedder.ts';
import type { Extraction, LanguageModel, PartMemo } from '../models/language-model.ts';
import type { Ontology } from '../ontology.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { DAY, SECOND } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';
import { extractionText, hashOf, type KeptVectors, readExtraction, readVectors, vectorsBytes } from './memo-format.ts';

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

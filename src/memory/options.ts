import type { EpisodeOptions, Metadata } from '../episode.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { ManyOptions } from '../queue/add-many.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What a program may bring itself. */
export interface MemoryParts {
  readonly embedder?: Embedder;
  /** Judges passages where a search asks for it; episodes are read by the worker's. */
  readonly languageModel?: LanguageModel;
  /** Receives metrics in addition to Datadog, which gets them when a tracer runs in this process. */
  readonly metrics?: Metrics;
  /** Receives a sentence when an answer was produced in another way than usual. Default: none. */
  readonly onNotice?: (sentence: string) => void;
}

export interface GroupOptions {
  /** Default: the configured group. */
  readonly group?: string;
}

/** For callers who cannot wait. */
export interface SpoolOptions {
  /**
   * True: the call returns within 50 ms. What Valkey did not accept by then is spooled on disk (`<home>/spool`) until it can be
   * added to the queue. The receipt then has `spooled`.
   */
  readonly spool?: boolean;
}

export interface StoreOptions extends GroupOptions, EpisodeOptions, SpoolOptions {}

/** One of many episodes. */
export interface EpisodeInput extends Omit<StoreOptions, 'spool'> {
  readonly content: string;
  readonly metadata?: Metadata | null;
}

export type TellManyOptions = ManyOptions & SpoolOptions;
export type TripletOptions = Omit<StoreOptions, 'source'>;

export interface WaitOptions {
  /** Default one minute. */
  readonly timeoutMs?: number;
  /** Ends the wait, not the job. */
  readonly signal?: AbortSignal;
  /** Called with the finished share, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

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
  /** Told beside Datadog, which is told where a tracer runs in this process. */
  readonly metrics?: Metrics;
  /** Told in a sentence when something was answered in another way than usual. Default: nobody. */
  readonly onNotice?: (sentence: string) => void;
}

export interface GroupOptions {
  /** Default: the configured group. */
  readonly group?: string;
}

/** For callers who cannot wait. */
export interface SpoolOptions {
  /**
   * True: the call is back within 50 ms, and what Valkey did not take by then waits on disk (`<home>/spool`) until it can be
   * handed in. The receipt says `spooled` then.
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
  /** Milliseconds; default one minute. */
  readonly limit?: number;
  /** Told the share that is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

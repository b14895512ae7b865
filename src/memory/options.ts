import type { EpisodeOptions, Metadata } from '../episode.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { BatchOptions } from '../queue/enqueue-many.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Models and observers that a program may supply. */
export interface MemoryDependencies {
  readonly embedder?: Embedder;
  /** Scores passages if a search needs that; the worker's own model reads episodes. */
  readonly languageModel?: LanguageModel;
  /** Receives metrics in addition to Datadog, which gets them when a tracer runs in this process. */
  readonly metrics?: Metrics;
  /** Receives a sentence when an answer could not be produced in the usual way. Default: none. */
  readonly onNotice?: (sentence: string) => void;
}

export interface GroupOptions {
  /** Default: the configured group. */
  readonly group?: string;
}

/** For callers that cannot wait. */
export interface SpoolOptions {
  /**
   * True: the call returns within 50 ms (`enqueueEpisodes` may take longer). Episodes that Valkey did not accept by then are
   * spooled on disk (`<home>/spool`) until they can be added to the queue. The receipt then has `spooled`.
   */
  readonly spool?: boolean;
}

export interface StatusOptions extends GroupOptions {
  /** False leaves out how many episodes have passages, which takes FalkorDB about a millisecond for each 1,000 episodes. Default true. */
  readonly countPassages?: boolean;
}

export interface StoreOptions extends GroupOptions, EpisodeOptions, SpoolOptions {}

/** One of many episodes. */
export interface EpisodeInput extends Omit<StoreOptions, 'spool'> {
  readonly content: string;
  readonly metadata?: Metadata | null;
}

export interface EnqueueEpisodesOptions extends BatchOptions, SpoolOptions {}
export type EnqueueFactOptions = Omit<StoreOptions, 'source'>;

export interface WaitOptions {
  /** Default one minute. */
  readonly timeoutMs?: number;
  /** Ends the wait, not the job. */
  readonly signal?: AbortSignal;
  /** Called with the finished share, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

import { randomUUID } from 'node:crypto';
import { isFailure } from '../errors.ts';
import { type Metrics, NO_METRICS } from '../telemetry/metrics.ts';
import type { OnNotice } from '../telemetry/notices.ts';
import type { Embedder } from './embedder.ts';

/** Failures that a text may have caused: the model answers others. */
const TEXT_FAILURES = ['ModelFailedError', 'UnusableReplyError', 'TextTooLongError'] as const;
/** Calls with one text until the embedder can say that the text is at fault (`server/failing-texts.ts`). */
const TRIES = 3;

/**
 * The vectors of texts that belong to different episodes; undefined for a text on which the model always fails.
 * A batch that failed is retried by the queue until the embedder reports that the batch itself is at fault. Then the batch is split
 * down to the failing text, as long as the model answers a probe after each failure.
 * @throws the embedder's failures if the model fails on the probe too
 */
export async function embedEach(embedder: Embedder, texts: readonly string[]): Promise<(number[] | undefined)[]> {
  try {
    return await embedder.embed(texts);
  } catch (error) {
    if (!isFailure(error, ...TEXT_FAILURES)) throw error;
    return splitFailing(embedder, texts);
  }
}

async function splitFailing(embedder: Embedder, texts: readonly string[]): Promise<(number[] | undefined)[]> {
  await probe(embedder);
  if (texts.length === 1) return [undefined];
  const half = Math.ceil(texts.length / 2);
  return [...(await embedPart(embedder, texts.slice(0, half))), ...(await embedPart(embedder, texts.slice(half)))];
}

async function embedPart(embedder: Embedder, texts: readonly string[]): Promise<(number[] | undefined)[]> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await embedder.embed(texts);
    } catch (error) {
      const isUnavailable = isFailure(error, 'ModelUnavailableError');
      if (!isUnavailable && !isFailure(error, ...TEXT_FAILURES)) throw error;
      // One failure is enough to split a batch, but not to give up a text.
      if (texts.length > 1 || !isUnavailable) return splitFailing(embedder, texts);
      if (attempt === TRIES) throw error;
    }
}

/** A text of its own each time, since the embedder may be a cache. */
async function probe(embedder: Embedder): Promise<void> {
  await embedder.embed([randomUUID()]);
}

/** Where skipped texts are reported. */
export interface SkipObservers {
  readonly metrics?: Metrics;
  readonly onNotice?: OnNotice;
}

/** Counts the texts of a memory that `embedEach` gave no vector for, and reports them in one sentence. */
export function reportSkipped(
  { model }: Embedder,
  group: string,
  count: number,
  { metrics = NO_METRICS, onNotice = () => {} }: SkipObservers,
): void {
  if (count === 0) return;
  metrics.increment('opencode.memory.model.texts_skipped', { model }, count);
  onNotice(
    `The embedding model ${model} always fails on ${count} ${count === 1 ? 'text' : 'texts'} of the memory "${group}"; searches find ${count === 1 ? 'it' : 'them'} by words only.`,
  );
}

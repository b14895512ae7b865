import type { Config } from '../config.ts';
import type { Episode } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import type { Lazy } from '../lazy.ts';
import { type ManyOptions, withSafe } from '../queue/add-many.ts';
import type { EpisodeReceipt, Producer } from '../queue/producer.ts';
import { type Drained, drainSpool } from '../queue/spool/drain.ts';
import { openSpool, type Spool, type SpooledEpisode } from '../queue/spool/spool.ts';
import { carrier } from '../telemetry/carrier.ts';
import { SECOND } from '../time.ts';
import { withTimeout } from '../with-timeout.ts';
import type { MemoryParts } from './options.ts';

/** For callers that cannot wait: episodes that Valkey does not accept in time are kept on disk. */
export interface Spooling {
  readonly spool: Spool;
  /** Returns within 50 ms. @throws SpoolFullError, ConfigError; InvalidInputError when the uuid stands for another episode */
  enqueue(episode: Episode, given: boolean): Promise<EpisodeReceipt>;
  /** The same for many; waits as long as Valkey keeps answering. */
  enqueueMany(
    episodes: readonly Episode[],
    given: ReadonlySet<string>,
    options: ManyOptions,
  ): Promise<EpisodeReceipt[]>;
  /** Call after an answer of Valkey: drains the spool in the background. */
  wake(producer: Producer): void;
  /** Drains the spool now. Never throws. */
  drain(): Promise<Drained>;
  close(): Promise<void>;
}

interface PendingWrite {
  readonly episode: SpooledEpisode;
  resolve(): void;
  reject(reason: unknown): void;
}

/** How long a call waits for Valkey; with the delays of a busy process it returns within 50 ms. */
const VALKEY_TIMEOUT = 20;
/** With more calls in flight when Valkey freezes, not all could be written to disk in time. */
const MOST_PARALLEL = 32;
const FIRST_RETRY = 0.05 * SECOND;
const LAST_RETRY = 5 * SECOND;
const CHECK_EVERY = 5 * SECOND;
const CLOSE_TIMEOUT = 1 * SECOND;

export function openSpooling(config: Config, producer: Lazy<Producer>, parts: MemoryParts): Spooling {
  const spool = openSpool(config.home, config.spoolLimit);
  // Opened in the background, since loading takes longer than a caller waits.
  let opened: Producer | undefined;
  /** True from a missed answer until the spool is drained; meanwhile calls go straight to disk. */
  let isUnresponsive = false;
  let inFlight = 0;
  let timeout: Promise<undefined> | undefined;
  let pendingWrites: PendingWrite[] = [];
  let timer: NodeJS.Timeout | undefined;
  let retries = 0;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let draining: Promise<Drained> | undefined;
  let isClosed = false;

  /** The result of `ask`, or undefined when Valkey is unavailable or slow. */
  async function quickly<T>(ask: (producer: Producer) => Promise<T>): Promise<T | undefined> {
    if (!opened?.isReady() || isUnresponsive || inFlight >= MOST_PARALLEL) return undefined;
    inFlight += 1;
    const answer = await Promise.race([ask(opened).catch(() => undefined), sharedTimeout()]);
    inFlight -= 1;
    if (answer === undefined) isUnresponsive = true;
    return answer;
  }

  /** Calls of one turn of the event loop time out together, so that their episodes are written together. */
  function sharedTimeout(): Promise<undefined> {
    if (!timeout) {
      // Answers that arrived while this process was busy are read between the two callbacks and count.
      timeout = new Promise((resolve) => setTimeout(() => setImmediate(resolve, undefined), VALKEY_TIMEOUT));
      process.nextTick(() => {
        timeout = undefined;
      });
    }
    return timeout;
  }

  function spoolEpisodes(episodes: readonly SpooledEpisode[]): void {
    spool.keep(episodes);
    schedule();
  }

  /** Episodes of the same turn of the event loop are written together, at its end. */
  function spoolTogether(episode: SpooledEpisode): Promise<void> {
    return new Promise((resolve, reject) => {
      if (pendingWrites.length === 0) process.nextTick(flushWrites);
      pendingWrites.push({ episode, resolve, reject });
    });
  }

  function flushWrites(): void {
    const writes = pendingWrites;
    pendingWrites = [];
    try {
      spoolEpisodes(writes.map(({ episode }) => episode));
      for (const { resolve } of writes) resolve();
    } catch (error) {
      // If there is no room for all, the first may still fit.
      for (const write of writes) writes.length === 1 ? write.reject(error) : spoolOne(write);
    }
  }

  function spoolOne({ episode, resolve, reject }: PendingWrite): void {
    try {
      spoolEpisodes([episode]);
      resolve();
    } catch (error) {
      reject(error);
    }
  }

  function schedule(): void {
    if (timer || isClosed) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        void drain();
      },
      Math.min(FIRST_RETRY * 2 ** retries, LAST_RETRY),
    ).unref();
  }

  function drain(): Promise<Drained> {
    draining ??= drainOnce().finally(() => {
      draining = undefined;
    });
    return draining;
  }

  async function drainOnce(): Promise<Drained> {
    const result = await tryDrain();
    checkedAt = performance.now();
    isUnresponsive &&= result.said !== undefined;
    retries = result.said === undefined ? 0 : retries + 1;
    if (result.left > 0) schedule();
    return result;
  }

  async function tryDrain(): Promise<Drained> {
    try {
      const waiting = spool.names().length;
      if (waiting === 0 && !isUnresponsive && opened) return { drained: 0, left: 0 };
      const ready = await producer();
      opened = ready;
      await ready.ping();
      const store = ({ episode, given, carrier: from }: SpooledEpisode) => ready.store(episode, given, from);
      return await drainSpool(spool, store, { ...parts, isOver: () => isClosed });
    } catch (error) {
      return { drained: 0, left: spool.count(), said: (error as Error).message };
    }
  }

  return {
    spool,
    async enqueue(episode, given) {
      const answer = await quickly((ready) => unlessRefused(ready.store(episode, given)));
      if (answer instanceof InvalidInputError) throw answer;
      if (answer) return answer;
      await spoolTogether({ episode, given, carrier: carrier() });
      return spooled(episode);
    },
    async enqueueMany(episodes, given, { onStored = () => {}, ...options }) {
      let stored = 0;
      const note = (count: number) => {
        stored = count;
        onStored(count);
      };
      try {
        if (opened && (await quickly((ready) => ready.ping())) !== undefined)
          return await opened.storeMany(episodes, given, { ...options, onStored: note });
      } catch (error) {
        if (error instanceof InvalidInputError) throw error;
        isUnresponsive = true;
      }
      const [taken, unsent] = [episodes.slice(0, stored), episodes.slice(stored)];
      const from = carrier();
      try {
        spoolEpisodes(unsent.map((episode) => ({ episode, given: given.has(episode.uuid), carrier: from })));
      } catch (error) {
        throw stored > 0 ? withSafe(error, stored, episodes.length) : error;
      }
      return [...taken.map(receipt), ...unsent.map(spooled)];
    },
    wake(producer) {
      opened = producer;
      if (performance.now() - checkedAt > CHECK_EVERY) schedule();
    },
    drain,
    async close() {
      clearTimeout(timer);
      // No worker may read this folder, so the process drains its own spool while Valkey answers.
      if (retries > 0 || timer || draining) await withTimeout(CLOSE_TIMEOUT, drain(), () => {});
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

const receipt = ({ uuid, name }: Episode): EpisodeReceipt => ({ queue: 'store', jobId: uuid, uuid, name });
const spooled = (episode: Episode): EpisodeReceipt => ({ ...receipt(episode), spooled: true });

/** A refusal counts as an answer. */
async function unlessRefused<T>(work: Promise<T>): Promise<T | InvalidInputError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
}

import type { Config } from '../config.ts';
import type { Episode } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import type { Lazy } from '../lazy.ts';
import { type BatchOptions, withEnqueuedCount } from '../queue/enqueue-many.ts';
import type { EpisodeReceipt, Producer } from '../queue/producer.ts';
import { type DrainResult, drainSpool } from '../queue/spool/drain.ts';
import { openSpool, type Spool, type SpooledEpisode } from '../queue/spool/spool.ts';
import { carrier } from '../telemetry/tracing.ts';
import { SECOND } from '../time.ts';
import { withTimeout } from '../with-timeout.ts';
import type { MemoryDependencies } from './options.ts';

/*
 * For callers that cannot wait: episodes that Valkey does not accept in time are kept on disk.
 *
 * Valkey, as this process knows it:
 *
 *   unopened      no producer yet             calls go to disk
 *   responsive    it answered last            calls ask Valkey for 20 ms, then go to disk
 *   unresponsive  it missed an answer         calls go to disk
 *
 *   unopened     -> responsive      a drain opened the producer, or another call of this program did (`wake`)
 *   responsive   -> unresponsive    an answer is missing after 20 ms, or storing many fails
 *   unresponsive -> responsive      a drain ended without an error
 *
 * Draining:
 *
 *   idle       -> scheduled    an episode was written to disk, or Valkey answered and the last drain is 5 s ago
 *   scheduled  -> draining     the timer fires: after 50 ms, twice as long after each failed drain, at most 5 s
 *   draining   -> idle         nothing is left
 *   draining   -> scheduled    episodes are left
 *   any        -> closed       `close`; if a drain runs, is scheduled or failed last, after a drain of at most 1 s
 *
 * `drain()` also drains at once; of several calls at a time all get the result of the same drain.
 */

export interface Spooling {
  readonly spool: Spool;
  /** Returns within 50 ms. @throws SpoolFullError, ConfigError; InvalidInputError when the uuid belongs to another episode */
  enqueue(episode: Episode, hasCallerId: boolean): Promise<EpisodeReceipt>;
  /** The same for many; waits as long as Valkey keeps answering. */
  enqueueEpisodes(
    episodes: readonly Episode[],
    callerIds: ReadonlySet<string>,
    options: BatchOptions,
  ): Promise<EpisodeReceipt[]>;
  /** Call after an answer of Valkey: drains the spool in the background. */
  wake(producer: Producer): void;
  /** Drains the spool now. Never throws. */
  drain(): Promise<DrainResult>;
  close(): Promise<void>;
}

interface State {
  readonly spool: Spool;
  readonly producer: Lazy<Producer>;
  readonly dependencies: MemoryDependencies;
  /** Opened in the background, since loading takes longer than a caller waits. */
  opened: Producer | undefined;
  isUnresponsive: boolean;
  /** Calls that wait for Valkey. */
  inFlight: number;
  /** Of the calls in this turn of the event loop. */
  timeout: Promise<undefined> | undefined;
  pendingWrites: PendingWrite[];
  /** Of the scheduled drain. */
  timer: NodeJS.Timeout | undefined;
  draining: Promise<DrainResult> | undefined;
  /** Failed drains since the last one that ended without an error. */
  failedDrains: number;
  /** When the last drain ended. */
  drainedAt: number;
  isClosed: boolean;
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

export function openSpooling(config: Config, producer: Lazy<Producer>, dependencies: MemoryDependencies): Spooling {
  const spool = openSpool(config.home, config.spoolLimit);
  const state: State = {
    spool,
    producer,
    dependencies,
    opened: undefined,
    isUnresponsive: false,
    inFlight: 0,
    timeout: undefined,
    pendingWrites: [],
    timer: undefined,
    draining: undefined,
    failedDrains: 0,
    drainedAt: Number.NEGATIVE_INFINITY,
    isClosed: false,
  };
  return {
    spool,
    enqueue: (episode, hasCallerId) => enqueue(state, episode, hasCallerId),
    enqueueEpisodes: (episodes, callerIds, options) => enqueueMany(state, episodes, callerIds, options),
    wake: (opened) => wake(state, opened),
    drain: () => drain(state),
    close: () => close(state),
  };
}

async function enqueue(state: State, episode: Episode, hasCallerId: boolean): Promise<EpisodeReceipt> {
  const answer = await withinLimit(state, (opened) => unlessRefused(opened.store(episode, hasCallerId)));
  if (answer instanceof InvalidInputError) throw answer;
  if (answer) return answer;
  await spoolTogether(state, { episode, hasCallerId, carrier: carrier() });
  return spooledReceipt(episode);
}

async function enqueueMany(
  state: State,
  episodes: readonly Episode[],
  callerIds: ReadonlySet<string>,
  { onEnqueued = () => {}, ...options }: BatchOptions,
): Promise<EpisodeReceipt[]> {
  let stored = 0;
  const count = (enqueued: number) => {
    stored = enqueued;
    onEnqueued(enqueued);
  };
  try {
    if (state.opened && (await withinLimit(state, (opened) => opened.ping())) !== undefined)
      return await state.opened.storeMany(episodes, callerIds, { ...options, onEnqueued: count });
  } catch (error) {
    if (error instanceof InvalidInputError) throw error;
    state.isUnresponsive = true;
  }
  const [sent, unsent] = [episodes.slice(0, stored), episodes.slice(stored)];
  const from = carrier();
  try {
    const spooled = unsent.map((episode) => ({ episode, hasCallerId: callerIds.has(episode.uuid), carrier: from }));
    spoolNow(state, spooled);
  } catch (error) {
    throw stored > 0 ? withEnqueuedCount(error, stored, episodes.length) : error;
  }
  return [...sent.map(receiptOf), ...unsent.map(spooledReceipt)];
}

/** The result of `ask`, or undefined when Valkey is unavailable or slow. */
async function withinLimit<T>(state: State, ask: (opened: Producer) => Promise<T>): Promise<T | undefined> {
  const { opened } = state;
  if (!opened?.isReady() || state.isUnresponsive || state.inFlight >= MOST_PARALLEL) return undefined;
  state.inFlight += 1;
  const answer = await Promise.race([ask(opened).catch(() => undefined), sharedTimeout(state)]);
  state.inFlight -= 1;
  if (answer === undefined) state.isUnresponsive = true;
  return answer;
}

/** Calls of one turn of the event loop time out together, so that their episodes are written together. */
function sharedTimeout(state: State): Promise<undefined> {
  if (!state.timeout) {
    // Answers that arrived while this process was busy are read between the two callbacks and count.
    state.timeout = new Promise((resolve) => setTimeout(() => setImmediate(resolve, undefined), VALKEY_TIMEOUT));
    process.nextTick(() => {
      state.timeout = undefined;
    });
  }
  return state.timeout;
}

/** A refusal counts as an answer. */
async function unlessRefused<T>(work: Promise<T>): Promise<T | InvalidInputError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
}

function spoolNow(state: State, episodes: readonly SpooledEpisode[]): void {
  state.spool.keep(episodes);
  scheduleDrain(state);
}

/** Episodes of the same turn of the event loop are written together, at its end. */
function spoolTogether(state: State, episode: SpooledEpisode): Promise<void> {
  return new Promise((resolve, reject) => {
    if (state.pendingWrites.length === 0) process.nextTick(flushWrites, state);
    state.pendingWrites.push({ episode, resolve, reject });
  });
}

function flushWrites(state: State): void {
  const writes = state.pendingWrites;
  state.pendingWrites = [];
  try {
    spoolNow(
      state,
      writes.map(({ episode }) => episode),
    );
    for (const { resolve } of writes) resolve();
  } catch (error) {
    // If there is no room for all, the first may still fit.
    for (const write of writes) writes.length === 1 ? write.reject(error) : spoolOne(state, write);
  }
}

function spoolOne(state: State, { episode, resolve, reject }: PendingWrite): void {
  try {
    spoolNow(state, [episode]);
    resolve();
  } catch (error) {
    reject(error);
  }
}

function wake(state: State, opened: Producer): void {
  state.opened = opened;
  if (performance.now() - state.drainedAt > CHECK_EVERY) scheduleDrain(state);
}

function scheduleDrain(state: State): void {
  if (state.timer || state.isClosed) return;
  state.timer = setTimeout(
    () => {
      state.timer = undefined;
      void drain(state);
    },
    Math.min(FIRST_RETRY * 2 ** state.failedDrains, LAST_RETRY),
  ).unref();
}

function drain(state: State): Promise<DrainResult> {
  state.draining ??= drainOnce(state).finally(() => {
    state.draining = undefined;
  });
  return state.draining;
}

async function drainOnce(state: State): Promise<DrainResult> {
  const result = await tryDrain(state);
  const hasFailed = result.error !== undefined;
  state.drainedAt = performance.now();
  state.isUnresponsive &&= hasFailed;
  state.failedDrains = hasFailed ? state.failedDrains + 1 : 0;
  if (result.remaining > 0) scheduleDrain(state);
  return result;
}

async function tryDrain(state: State): Promise<DrainResult> {
  const { spool, dependencies } = state;
  try {
    const isEmpty = spool.names().length === 0;
    if (isEmpty && !state.isUnresponsive && state.opened) return { drained: 0, remaining: 0 };
    const opened = await state.producer();
    state.opened = opened;
    await opened.ping();
    const store = ({ episode, hasCallerId, carrier: from }: SpooledEpisode) => opened.store(episode, hasCallerId, from);
    return await drainSpool(spool, store, { ...dependencies, isOver: () => state.isClosed });
  } catch (error) {
    return { drained: 0, remaining: spool.count(), error: (error as Error).message };
  }
}

async function close(state: State): Promise<void> {
  clearTimeout(state.timer);
  const isPending = state.failedDrains > 0 || state.timer || state.draining;
  // No worker may read this folder, so the process drains its own spool while Valkey answers.
  if (isPending) await withTimeout(CLOSE_TIMEOUT, drain(state), () => {});
  state.isClosed = true;
  clearTimeout(state.timer);
}

const receiptOf = ({ uuid, name }: Episode): EpisodeReceipt => ({ queue: 'store', jobId: uuid, uuid, name });
const spooledReceipt = (episode: Episode): EpisodeReceipt => ({ ...receiptOf(episode), spooled: true });

import type { Queue } from 'bullmq';
import type { Episode } from '../episode.ts';
import { InvalidInputError, isOperationalError } from '../errors.ts';
import { carrier, jobTelemetry } from '../telemetry/tracing.ts';
import { checkSameEpisode, existingName } from './existing-job.ts';
import { STORE_OPTIONS, toStoreJob } from './jobs.ts';

/** Options for storing many episodes. */
export interface BatchOptions {
  /** The name of an episode in error messages; default: `Episode 3`, counted from 1. */
  readonly nameOf?: (index: number) => string;
  /** Called with the number of episodes queued so far. */
  readonly onEnqueued?: (count: number) => void;
}

/** What adding episodes needs of Valkey. */
interface Calls {
  /** Runs a call and explains its failure. */
  ask<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until the replicas have these episodes, if there must be any. */
  confirm(uuids: readonly string[]): Promise<void>;
}

/** Episodes in one round trip, so that it takes far less than the second after which Valkey counts as unavailable. */
const MOST = 256;
const MOST_LETTERS = 1_000_000;

/**
 * Adds episodes, a few hundred per round trip, and returns their stored names.
 * @param hasCallerId whether the caller gave the uuid, so that it may exist already; all of these are checked before the first is added
 * @throws InvalidInputError naming the episode; what `ask` and `confirm` throw, with how many are in the queue already
 */
export async function addEpisodes(
  queue: Queue,
  episodes: readonly Episode[],
  hasCallerId: (episode: Episode) => boolean,
  { ask, confirm }: Calls,
  { nameOf, onEnqueued = () => {} }: BatchOptions,
): Promise<string[]> {
  const parts = [...inParts(episodes)];
  for (const { start, part } of parts)
    await ask(() =>
      Promise.all(
        part.map((episode, index) =>
          withEpisodeName(
            start + index,
            nameOf,
            async () => hasCallerId(episode) && (await checkSameEpisode(queue, episode)),
          ),
        ),
      ),
    );
  const names: string[] = [];
  try {
    for (const { part } of parts) {
      await ask(() => queue.addBulk(part.map(jobOf)));
      const storedName = (episode: Episode) => (hasCallerId(episode) ? existingName(queue, episode) : episode.name);
      const stored = await ask(() => Promise.all(part.map(storedName)));
      await confirm(part.map(({ uuid }) => uuid));
      names.push(...stored);
      onEnqueued(names.length);
    }
  } catch (error) {
    throw names.length === 0 ? error : withEnqueuedCount(error, names.length, episodes.length);
  }
  return names;
}

/** Adds to the error's message how many of the episodes are in the queue already. */
export function withEnqueuedCount(error: unknown, stored: number, all: number): unknown {
  if (!isOperationalError(error)) return error;
  return Object.assign(error, {
    message: `${error.message} The first ${stored} of ${all} episodes are safe in the queue.`,
  });
}

const jobOf = (episode: Episode) => ({
  name: 'store',
  data: toStoreJob(episode),
  opts: { ...STORE_OPTIONS, jobId: episode.uuid, telemetry: jobTelemetry(carrier()) },
});

function* inParts(episodes: readonly Episode[]): Generator<{ start: number; part: Episode[] }> {
  let [start, letters] = [0, 0];
  for (const [index, episode] of episodes.entries()) {
    const more = lettersOf(episode);
    if (index - start === MOST || (index > start && letters + more > MOST_LETTERS)) {
      yield { start, part: episodes.slice(start, index) };
      [start, letters] = [index, 0];
    }
    letters += more;
  }
  if (start < episodes.length) yield { start, part: episodes.slice(start) };
}

const lettersOf = ({ content, metadata }: Episode): number =>
  content.length + (metadata === null ? 0 : JSON.stringify(metadata).length);

/** Runs `work`; an error for the episode begins with the episode's name, by default its number counted from 1. */
export async function withEpisodeName<T>(
  index: number,
  nameOf: BatchOptions['nameOf'],
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidInputError(`${nameOf?.(index) ?? `Episode ${index + 1}`}: ${error.message}`, { cause: error });
  }
}

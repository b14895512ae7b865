import type { Queue } from 'bullmq';
import type { Episode } from '../episode.ts';
import { InvalidInputError, isForeseen } from '../errors.ts';
import { carrier, jobTelemetry } from '../telemetry/carrier.ts';
import { STORE_OPTIONS, toStoreJob } from './jobs.ts';
import { nameKept, refuseOther } from './kept-episode.ts';

/** How many episodes are handed in together. */
export interface ManyOptions {
  /** What an episode is called where it is refused; default: `Episode 3`, counted from 1. */
  readonly nameOf?: (index: number) => string;
  /** Called with the number of episodes queued so far. */
  readonly onStored?: (count: number) => void;
}

/** Sent at once, so that each round trip is far below the second after which Valkey counts as away. */
const MOST = 256;
const MOST_LETTERS = 1_000_000;

/**
 * Adds episodes a few hundred a round trip and gives the names that are kept.
 * @param isGiven the uuid is the caller's and may be known; all of these are looked at before the first is added
 * @param ask carries out a piece of work with Valkey and explains its failure
 * @throws InvalidInputError naming the episode; what `ask` throws, with how many are in the queue already
 */
export async function addMany(
  queue: Queue,
  episodes: readonly Episode[],
  isGiven: (episode: Episode) => boolean,
  ask: <T>(work: () => Promise<T>) => Promise<T>,
  { nameOf, onStored = () => {} }: ManyOptions,
): Promise<string[]> {
  const parts = [...inParts(episodes)];
  for (const { start, part } of parts)
    await ask(() =>
      Promise.all(
        part.map((episode, index) =>
          inPlace(start + index, nameOf, async () => isGiven(episode) && (await refuseOther(queue, episode))),
        ),
      ),
    );
  const names: string[] = [];
  try {
    for (const { part } of parts) {
      await ask(() => queue.addBulk(part.map(jobOf)));
      const kept = (episode: Episode) => (isGiven(episode) ? nameKept(queue, episode) : episode.name);
      names.push(...(await ask(() => Promise.all(part.map(kept)))));
      onStored(names.length);
    }
  } catch (error) {
    throw names.length === 0 ? error : withSafe(error, names.length, episodes.length);
  }
  return names;
}

/** Counts how many of the episodes need not be handed in again. */
export function withSafe(error: unknown, stored: number, all: number): unknown {
  if (!isForeseen(error)) return error;
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

/** Names the episode, counted from 1, where it is refused. */
export async function inPlace<T>(index: number, nameOf: ManyOptions['nameOf'], work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidInputError(`${nameOf?.(index) ?? `Episode ${index + 1}`}: ${error.message}`, { cause: error });
  }
}

import { StoreUnreachableError } from '../../../src/errors.ts';
import type { MemoryManager } from '../../../src/memory.ts';
import type { JobCounts } from '../../../src/queue/bullmq-layout.ts';
import { MINUTE } from '../../../src/time.ts';
import { until, watchFor } from '../wait.ts';
import { enqueueOptions, type StoryEpisode } from './story.ts';

/** Adds an episode to the queue; resolves when Valkey has acknowledged it. */
export async function enqueue(memory: MemoryManager, episode: StoryEpisode): Promise<void> {
  await memory.enqueueEpisode(episode.content, null, enqueueOptions(episode));
}

/** Adds all episodes to the queue, a few hundred per round trip. Episodes that were added before a refusal are recognised by their uuids. */
export async function enqueueAll(memory: MemoryManager, episodes: readonly StoryEpisode[]): Promise<void> {
  const all = episodes.map((episode) => ({ content: episode.content, ...enqueueOptions(episode) }));
  await whenReachable(() => memory.enqueueEpisodes(all));
}

/** Repeats a call that failed because a server on a busy machine answered after the callers' timeout. */
export async function whenReachable<T>(call: () => Promise<T>): Promise<T> {
  const { answer } = await until('an answer in time', async () => {
    try {
      return { answer: await call() };
    } catch (error) {
      if (error instanceof StoreUnreachableError) return undefined;
      throw error;
    }
  });
  return answer;
}

/** No job takes this long, even on a busy machine. */
const STALLED = 10 * MINUTE;

/**
 * Waits until this number of jobs of the queue is done. The total time depends on the machine, so only a queue without progress
 * fails.
 * @param stalled milliseconds without progress after which the wait fails
 */
export async function untilDone(memory: MemoryManager, jobs: number, stalled = STALLED): Promise<void> {
  await untilCount(memory, `${jobs} done jobs`, jobs, ({ completed }) => completed, stalled);
}

/** The same for jobs that are done or dead letters. */
export async function untilEnded(memory: MemoryManager, jobs: number): Promise<void> {
  await untilCount(memory, `${jobs} ended jobs`, jobs, ({ completed, failed }) => completed + failed, STALLED);
}

async function untilCount(
  memory: MemoryManager,
  what: string,
  jobs: number,
  countEnded: (counts: JobCounts) => number,
  stalled: number,
): Promise<void> {
  let [ended, changed, last] = [0, performance.now(), ''];
  const isStalled = () => performance.now() - changed > stalled;
  await until(
    what,
    async () => {
      const counts = await memory.getJobCounts('store').catch(() => undefined);
      if (counts !== undefined) {
        last = JSON.stringify(counts);
        if (countEnded(counts) > ended) [ended, changed] = [countEnded(counts), performance.now()];
      }
      return ended >= jobs || isStalled();
    },
    Number.POSITIVE_INFINITY,
  );
  if (ended >= jobs) return;
  const why = await memory.getLastFailure('store').catch(() => undefined);
  throw new Error(`${what}: no progress for ${stalled} ms: ${last}${why ? `; a job failed last because: ${why}` : ''}`);
}

/** Starts `work` for each item at a fixed interval in milliseconds, without waiting for the item before. */
export async function runPaced<T>(
  items: readonly T[],
  every: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const began = performance.now();
  const under: Promise<unknown>[] = [];
  for (const [index, item] of items.entries()) {
    await watchFor(Math.max(0, began + index * every - performance.now()));
    const working = work(item);
    // The promise is awaited at the end; until then its rejection must not count as unhandled.
    working.catch(() => {});
    under.push(working);
  }
  await Promise.all(under);
}

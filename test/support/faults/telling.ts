import type { MemoryManager } from '../../../src/memory.ts';
import { MINUTE } from '../../../src/time.ts';
import { lookOn, until } from '../wait.ts';
import { optionsOf, type Told } from './story.ts';

/** Hands an episode in; resolves when it is acknowledged. */
export async function tell(memory: MemoryManager, episode: Told): Promise<void> {
  await memory.enqueue(episode.content, null, optionsOf(episode));
}

/** Hands all in, a few hundred a round trip. */
export async function tellAll(memory: MemoryManager, episodes: readonly Told[]): Promise<void> {
  await memory.enqueueMany(episodes.map((episode) => ({ content: episode.content, ...optionsOf(episode) })));
}

/** For a machine that is busy with other things. */
const LEAST = 5 * MINUTE;

/** Waits until so many jobs of the queue are done. */
export async function untilDone(memory: MemoryManager, jobs: number, limit = LEAST): Promise<void> {
  let last = '';
  try {
    await until(
      `${jobs} done jobs`,
      async () => {
        const counts = await memory.jobCounts('store').catch(() => undefined);
        last = JSON.stringify(counts);
        return (counts?.completed ?? 0) >= jobs;
      },
      Math.max(limit, LEAST),
    );
  } catch (error) {
    const why = await memory.getLastFailure('store').catch(() => undefined);
    throw new Error(`${(error as Error).message}: ${last}${why ? `; a job failed last because: ${why}` : ''}`);
  }
}

/** Does `work` with one after the other, a new one every so many milliseconds, whatever the one before is doing. */
export async function paced<T>(items: readonly T[], every: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const began = performance.now();
  const under: Promise<unknown>[] = [];
  for (const [index, item] of items.entries()) {
    await lookOn(Math.max(0, began + index * every - performance.now()));
    const working = work(item);
    // Told at the end; until then nobody listens.
    working.catch(() => {});
    under.push(working);
  }
  await Promise.all(under);
}

/** Waits until so many jobs of the queue are done or given up. */
export async function untilEnded(memory: MemoryManager, jobs: number, limit = LEAST): Promise<void> {
  await until(
    `${jobs} ended jobs`,
    async () => {
      const counts = await memory.jobCounts('store').catch(() => undefined);
      return counts !== undefined && counts.completed + counts.failed >= jobs;
    },
    Math.max(limit, LEAST),
  );
}

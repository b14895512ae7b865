import type { Graphs } from '../src/graph/graphs.ts';
import { expiredEpisodes } from '../src/graph/queries/episodes.ts';
import type { Producer } from '../src/queue/producer.ts';
import { MINUTE } from '../src/time.ts';
import { type PeriodicWork, runPeriodically } from './run-periodically.ts';

const PAUSE = 1 * MINUTE;

/** Regularly checks which memories have expired episodes, and queues one task for each. */
export function startExpiryChecks(
  graphs: Pick<Graphs, 'group' | 'groups'>,
  producer: Pick<Producer, 'task'>,
  pause = PAUSE,
): PeriodicWork {
  return runPeriodically(pause, async () => {
    for (const group of await graphs.groups())
      try {
        const expired = await expiredEpisodes(graphs.group(group), new Date());
        if (expired.length > 0) await producer.task(group, { kind: 'expire' });
      } catch {
        // A graph or queue that is unavailable is checked the next time.
      }
  });
}

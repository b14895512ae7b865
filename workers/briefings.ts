import type { Redis } from 'ioredis';
import { makeBriefing } from '../src/briefing/briefing.ts';
import type { Graphs } from '../src/graph/graphs.ts';
import { nextTimedChange } from '../src/graph/queries/meta-nodes.ts';
import { BRIEFING_QUESTION, cacheKey, readCached, writeCached } from '../src/reader/cache.ts';
import { DAY, SECOND } from '../src/time.ts';
import { runPeriodically } from './run-periodically.ts';

/** A group without commits for RESTS gets its new briefing; a group that never rests gets one every AT_LEAST_EVERY. */
const [RESTS, AT_LEAST_EVERY] = [0.5 * SECOND, 15 * SECOND];
const LOOKS_EVERY = 0.25 * SECOND;
/** At most, and no longer than until something begins or ends; the next commit replaces it earlier. */
const KEPT = 30 * DAY;

export interface Briefings {
  /** Episodes were committed to the group's graph. */
  touched(group: string): void;
  end(): Promise<void>;
}

/** Makes the briefings of groups that were written to, after the commits and in parallel with others, so that a new session finds one ready. */
export function startBriefings(graphs: Pick<Graphs, 'group'>, valkey: Redis): Briefings {
  const touched = new Map<string, { first: number; last: number }>();
  const { end } = runPeriodically(LOOKS_EVERY, async () => {
    const now = performance.now();
    for (const [group, { first, last }] of [...touched]) {
      if (now - last < RESTS && now - first < AT_LEAST_EVERY) continue;
      touched.delete(group);
      try {
        await renew(graphs, valkey, group);
      } catch {
        // A store is unavailable: the next reader makes the briefing, and the next commit triggers it again.
      }
    }
  });
  return {
    touched(group) {
      const now = performance.now();
      touched.set(group, { first: touched.get(group)?.first ?? now, last: now });
    },
    end,
  };
}

/** Stored only if nothing was written or forgotten since its version was read. */
async function renew(graphs: Pick<Graphs, 'group'>, valkey: Redis, group: string): Promise<void> {
  const key = cacheKey(valkey, group, BRIEFING_QUESTION);
  const { version, answer } = await readCached(valkey, group, key);
  if (answer !== undefined) return;
  const graph = graphs.group(group);
  const now = new Date();
  const latest = new Date(now.getTime() + KEPT);
  const [briefing, change] = await Promise.all([makeBriefing(graph, now), nextTimedChange(graph, now, latest)]);
  const ttlMs = (change ?? latest).getTime() - Date.now();
  await writeCached(valkey, group, key, { version, answer: JSON.stringify(briefing), ttlMs });
}

import type { Redis } from 'ioredis';
import { makeBriefing } from '../src/briefing/briefing.ts';
import type { Graphs } from '../src/graph/graphs.ts';
import { answerKey, BRIEFING, lookUpAnswer, storeAnswer } from '../src/reader/cache.ts';
import { DAY, SECOND } from '../src/time.ts';
import { regularly } from './regularly.ts';

/** A group that rests for so long gets its new briefing; one that never rests gets one now and then. */
const [RESTS, AT_LEAST_EVERY] = [0.5 * SECOND, 15 * SECOND];
const LOOKS_EVERY = 0.25 * SECOND;
/** Until the next commit at the most; facts that end meanwhile are left out when it is read. */
const KEPT = 30 * DAY;

export interface Briefings {
  /** Episodes were committed to the group's graph. */
  touched(group: string): void;
  end(): Promise<void>;
}

/** Makes the briefings of groups that were written to, after the commits and beside them, so that a new session finds one ready. */
export function startBriefings(graphs: Pick<Graphs, 'group'>, valkey: Redis): Briefings {
  const touched = new Map<string, { first: number; last: number }>();
  const { end } = regularly(LOOKS_EVERY, async () => {
    const now = performance.now();
    for (const [group, { first, last }] of [...touched]) {
      if (now - last < RESTS && now - first < AT_LEAST_EVERY) continue;
      touched.delete(group);
      try {
        await renew(graphs, valkey, group);
      } catch {
        // A store is away: a reader makes the briefing on the spot, and the next commit asks again.
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

/** Kept only if nothing was written or forgotten since its version was read. */
async function renew(graphs: Pick<Graphs, 'group'>, valkey: Redis, group: string): Promise<void> {
  const key = answerKey(valkey, group, BRIEFING);
  const { version, answer } = await lookUpAnswer(valkey, group, key);
  if (answer !== undefined) return;
  const briefing = await makeBriefing(graphs.group(group), new Date());
  await storeAnswer(valkey, group, key, { version, answer: JSON.stringify(briefing), ttlMs: KEPT });
}

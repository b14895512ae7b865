import { expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../src/time.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { attemptsOf } from '../support/faults/jobs.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';

const lasts = repetitions({ full: 180, small: 6 }) * SECOND;
const jobs = repetitions({ full: 1000, small: 320 });
const retryAfter = repetitions({ full: 30, small: 3 }) * SECOND;
const [WORKERS, CONCURRENCY] = [2, 4];
/** Calls that may be in flight when the first is refused; callers that know of the refusal make no more. */
const UNDER_WAY = WORKERS * CONCURRENCY;

/** Refuses from the first call on, in windows; each reply says how long the window still lasts. */
const windows: { readonly from: number; readonly until: number; readonly calls: number[] }[] = [];
const testbed = useTestbed({
  faultOf({ purpose }) {
    if (purpose === 'embed') return undefined;
    const now = Date.now();
    const first = windows[0]?.from ?? now;
    if (now - first >= lasts) return undefined;
    if (now >= (windows.at(-1)?.until ?? 0)) windows.push({ from: now, until: now + retryAfter, calls: [] });
    const { until = now, calls = [] } = windows.at(-1) ?? {};
    calls.push(now);
    return { kind: 'rate-limit', retryAfterMs: until - now };
  },
});

test(`11. a model that answers 429 for ${lasts / SECOND} s is not called before its Retry-After`, async () => {
  const began = Date.now();
  const { config, memory, worker } = testbed.scenario({ environment: { MEMORY_CONCURRENCY: String(CONCURRENCY) } });
  const episodes = makeStory(config.group, jobs, 'busy');
  await enqueueAll(memory, episodes);
  await Promise.all(Array.from({ length: WORKERS }, () => worker().ready()));
  await untilDone(memory, jobs, lasts + 10 * MINUTE);

  const refused = windows.flatMap(({ calls }) => calls);
  const tooSoon = windows.flatMap(({ calls }) => calls.slice(UNDER_WAY));
  const chats = testbed.model.calls.filter(({ purpose }) => purpose !== 'embed').length;
  const extra = refused.length / (chats - refused.length);
  expect(inspectGraph(await testbed.wholeGraph(config.group), episodes)).toEqual(NO_DEFECTS);
  expect(await memory.getJobCounts('store')).toMatchObject({ completed: jobs, failed: 0 });
  expect((await attemptsOf(config)).filter((made) => made > 1)).toEqual([]);
  expect(refused.length).toBeGreaterThan(0);
  expect(tooSoon).toEqual([]);
  expect(extra).toBeLessThanOrEqual(0.05);

  record({
    row: 11,
    ran: `429 with Retry-After ${retryAfter / SECOND} s for ${lasts / SECOND} s, ${jobs} jobs, 2 workers`,
    came: `${refused.length} refused calls (${(100 * extra).toFixed(1)} % extra), ${tooSoon.length} of them before the delay was over, all committed`,
    took: Date.now() - began,
    figures: { refused: refused.length, tooSoon: tooSoon.length },
  });
});

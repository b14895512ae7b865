import { expect, test } from 'vitest';
import { isFull, repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { callsSpent } from '../support/faults/model-calls.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { random } from '../support/random.ts';

const jobs = repetitions({ full: 1000, small: 60 });
const SHARE = 0.3;
// A call that hangs takes a minute, so there are few of them, and none in a small run.
const HANGS = isFull ? 0.005 : 0;
const chance = random(12);
const testbed = useTestbed({
  faultOf() {
    const drawn = chance();
    if (drawn > SHARE) return undefined;
    if (drawn < HANGS) return 'hang';
    return drawn < SHARE / 3 ? 'reset' : { kind: 'server-error', status: drawn < SHARE / 1.5 ? 500 : 502 };
  },
});

test(`12. a model that fails ${100 * SHARE} % of its calls delays ${jobs} jobs but loses none`, async () => {
  const began = Date.now();
  const { config, memory, worker } = testbed.scenario();
  const episodes = makeStory(config.group, jobs, 'fails');
  await enqueueAll(memory, episodes);
  await worker().ready();
  await untilDone(memory, jobs);

  const failed = testbed.model.calls.filter(({ fault }) => fault !== undefined);
  // Failed calls got no answer and cost nothing, except those that hung.
  const answered = testbed.model.calls.filter(({ fault }) => fault === undefined || fault.kind === 'hang');
  const spent = callsSpent(answered, episodes);
  expect(inspectGraph(await testbed.wholeGraph(config.group), episodes)).toEqual(NO_DEFECTS);
  expect(await memory.getJobCounts('store')).toMatchObject({ completed: jobs, failed: 0 });
  expect(failed.length).toBeGreaterThan(0.15 * testbed.model.calls.length);
  expect(spent.share).toBeLessThanOrEqual(0.1);

  record({
    row: 12,
    ran: `${jobs} jobs, ${failed.length} of ${testbed.model.calls.length} calls failed or hung`,
    came: `all committed, ${spent.again} of ${spent.needed} answered calls repeated`,
    took: Date.now() - began,
    figures: { failed: failed.length, calls: testbed.model.calls.length, again: spent.again, needed: spent.needed },
  });
});

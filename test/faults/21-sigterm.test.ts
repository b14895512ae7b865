import { expect, test } from 'vitest';
import { SECOND } from '../../src/time.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { attemptsOf } from '../support/faults/jobs.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { random } from '../support/random.ts';
import { randomMoment, until } from '../support/wait.ts';

// Slow enough that every worker gets its SIGTERM during a model call.
const testbed = useTestbed({ delay: 150 });
const stops = repetitions({ full: 100, small: 3 });
const PER_STOP = 20;

test(`21. a worker that receives SIGTERM ${stops} times under load exits, uses up no attempts and loses nothing`, async () => {
  const began = Date.now();
  const chance = random(21);
  const { config, memory, worker } = testbed.scenario();
  const episodes = makeStory(config.group, stops * PER_STOP, 'sigterm');
  const took: number[] = [];

  for (let stop = 0; stop < stops; stop += 1) {
    await enqueueAll(memory, episodes.slice(stop * PER_STOP, (stop + 1) * PER_STOP));
    const asked = testbed.model.calls.length;
    const running = await worker().ready();
    await until('a busy worker', () => testbed.model.calls.length > asked);
    await randomMoment(chance, 0.4 * SECOND);
    const end = await running.stop();
    expect(end.code).toBe(0);
    took.push(end.took);
    // Returned or done, not left to be found as stalled.
    expect(await memory.getJobCounts('store')).toMatchObject({ active: 0 });
  }
  await worker().ready();
  await untilDone(memory, episodes.length);

  const attempts = await attemptsOf(config);
  const slowest = Math.max(...took);
  expect(attempts).toEqual(episodes.map(() => 1));
  expect(inspectGraph(await testbed.wholeGraph(config.group), episodes)).toEqual(NO_DEFECTS);

  record({
    row: 21,
    ran: `${stops} SIGTERMs under load, ${episodes.length} jobs`,
    came: `slowest exit ${(slowest / SECOND).toFixed(1)} s; ${attempts.filter((made) => made > 1).length} jobs with more than one attempt`,
    took: Date.now() - began,
    figures: { slowest },
    promised: { within: 10 * SECOND, took: slowest },
  });
});

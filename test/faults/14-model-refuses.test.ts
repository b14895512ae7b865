import { expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../src/time.ts';
import { runCommand } from '../support/command-line.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone, untilEnded } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { until } from '../support/wait.ts';

let isRefusing = true;
const testbed = useTestbed({
  faultOf: ({ purpose }) => (isRefusing && purpose !== 'embed' ? 'refusal' : undefined),
});
const jobs = repetitions({ full: 500, small: 30 });

test(`14. a model that refuses every call turns health red; a replay commits all ${jobs} jobs later`, async () => {
  const began = Date.now();
  // The worker replaces a taken port with a free one; a port found free here could be taken by another process in the meantime.
  const { port: taken } = testbed.valkey;
  const { config, memory, environment, worker } = testbed.scenario({
    environment: { MEMORY_HEALTH_PORT: String(taken) },
  });
  const episodes = makeStory(config.group, jobs, 'refused');
  const running = await worker().ready();
  const address = await until('its address', () => /answer at (http:\/\/[\d.]+:\d+)/.exec(running.output())?.[1]);
  const health = async () => (await fetch(`${address}/health`)).status;
  expect(await health()).toBe(200);

  const start = Date.now();
  await enqueueAll(memory, episodes);
  await until('red health', async () => (await health()) === 503, 10 * MINUTE);
  const red = Date.now() - start;
  await untilEnded(memory, jobs);
  const listed = await runCommand(['dead-letter', 'list', '--limit', '1000', '--json'], environment);
  const letters = JSON.parse(listed.stdout) as { id: string }[];

  isRefusing = false;
  const replayed = await runCommand(['dead-letter', 'replay', '--all'], environment);
  await untilDone(memory, jobs);
  const well = await until('green health', async () => (await health()) === 200, 10 * MINUTE);

  expect(letters.map(({ id }) => id).sort()).toEqual(episodes.map(({ uuid }) => uuid).sort());
  expect(replayed).toMatchObject({ status: 0, stderr: '' });
  expect(well).toBe(true);
  expect(inspectGraph(await testbed.wholeGraph(config.group), episodes)).toEqual(NO_DEFECTS);
  expect(await memory.getJobCounts('store')).toMatchObject({ completed: jobs, failed: 0 });

  record({
    row: 14,
    ran: `${jobs} jobs, the model refuses every call`,
    came: `health red after ${(red / SECOND).toFixed(1)} s, ${letters.length} dead letters, replay committed all`,
    took: Date.now() - began,
    figures: { red, letters: letters.length },
    promised: { within: MINUTE, took: red },
  });
});

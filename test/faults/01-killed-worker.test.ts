import { expect, test } from 'vitest';
import { SECOND } from '../../src/time.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueue, runPaced, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { startsById } from '../support/faults/jobs.ts';
import { callsSpent } from '../support/faults/model-calls.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { watchForHalfWritten } from '../support/faults/visible.ts';
import { random } from '../support/random.ts';
import { randomMoment, until } from '../support/wait.ts';

const testbed = useTestbed({}, { takeover: 'later' });
const kills = repetitions({ full: 100, small: 3 });
const jobs = repetitions({ full: 1000, small: 60 });
const CONCURRENCY = 4;
/** The longest run of a worker after it is ready; its start takes about half as long. */
const LIVES = 1.6 * SECOND;

test(`1. a worker killed ${kills} times at random moments during ${jobs} jobs loses nothing and duplicates nothing`, async () => {
  const began = Date.now();
  const chance = random(1);
  const { memory, config, worker } = testbed.scenario({ environment: { MEMORY_CONCURRENCY: String(CONCURRENCY) } });
  const episodes = makeStory(config.group, jobs, 'killed');
  const visible = watchForHalfWritten(testbed.graphs.group(config.group));

  const arriving = runPaced(episodes, (kills * LIVES) / jobs, (episode) => enqueue(memory, episode));
  arriving.catch(() => {});
  for (let kill = 0; kill < kills; kill += 1) {
    const running = await worker().ready();
    await randomMoment(chance, LIVES);
    await running.kill();
  }
  await arriving;
  await worker().ready();
  await untilDone(memory, jobs);

  const seen = await visible.stop();
  const spent = callsSpent(testbed.model.calls, episodes);
  expect(inspectGraph(await testbed.wholeGraph(config.group), episodes)).toEqual(NO_DEFECTS);
  // A long summary may still be pending: its task is delayed by ten seconds, and may be running now.
  const idle = await until('an idle queue', async () => {
    const counts = await memory.getJobCounts('store');
    return counts.waiting + counts.active === 0 && counts;
  });
  expect(idle).toMatchObject({ completed: jobs, failed: 0 });
  expect(seen.halfWritten).toEqual([]);
  expect(seen.looks).toBeGreaterThan(0);
  // A call in progress is lost with its worker. How many calls these are depends on the machine: the table shows their share.
  const starts = await startsById(config);
  const unexplained = episodes.filter(
    ({ uuid, ownFact }) => (spent.timesByFact.get(ownFact) ?? 0) > (starts.get(uuid) ?? 0),
  );
  expect(unexplained).toEqual([]);

  record({
    row: 1,
    ran: `${kills} kills during ${jobs} jobs`,
    came: `0 lost, 0 duplicates, 0 half-written; ${spent.again} of ${spent.needed} model calls repeated; searched ${seen.looks} times for half-written episodes`,
    took: Date.now() - began,
    figures: { again: spent.again, needed: spent.needed, looks: seen.looks },
  });
});

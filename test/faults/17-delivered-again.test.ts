import { expect, test } from 'vitest';
import type { Config } from '../../src/config.ts';
import { STORE_OPTIONS } from '../../src/queue/jobs.ts';
import { canonicalLines, differences } from '../support/faults/canonical-graph.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { withQueue } from '../support/faults/jobs.ts';
import { callsSpent } from '../support/faults/model-calls.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';

const testbed = useTestbed({ delay: 5 });
const jobs = repetitions({ full: 1000, small: 40 });
const workers = repetitions({ full: 4, small: 3 });
/** Nine of ten deliveries are separate jobs, as from a queue that duplicates jobs. */
const DELIVERIES = 10;

test(`17. ${jobs} jobs delivered ${DELIVERIES} times each, also concurrently on ${workers} workers, are stored once`, async () => {
  const began = Date.now();
  const undisturbed = testbed.scenario();
  const once = makeStory(undisturbed.config.group, jobs, 'delivered');
  const first = undisturbed.worker({ MEMORY_CONCURRENCY: '1' });
  await first.ready();
  await enqueueAll(undisturbed.memory, once);
  await untilDone(undisturbed.memory, jobs);
  await first.stop();
  const undisturbedGraph = await testbed.wholeGraph(undisturbed.config.group);
  expect(inspectGraph(undisturbedGraph, once)).toEqual(NO_DEFECTS);
  const wanted = canonicalLines(undisturbedGraph);
  testbed.model.reset();

  const { config, memory, worker } = testbed.scenario();
  const episodes = makeStory(config.group, jobs, 'delivered');
  await enqueueAll(memory, episodes);
  // Enqueued regularly, a repeated episode is the same job.
  await enqueueAll(memory, episodes);
  expect(await memory.getJobCounts('store')).toMatchObject({ waiting: jobs });
  await deliverAgain(
    config,
    episodes.map(({ uuid }) => uuid),
  );
  await Promise.all(Array.from({ length: workers }, () => worker().ready()));
  await untilDone(memory, jobs * DELIVERIES);

  const spent = callsSpent(testbed.model.calls, episodes);
  const graph = await testbed.wholeGraph(config.group);
  expect(inspectGraph(graph, episodes)).toEqual(NO_DEFECTS);
  expect(differences(wanted, canonicalLines(graph))).toEqual([]);
  expect(await memory.getJobCounts('store')).toMatchObject({ failed: 0 });
  expect(spent.share).toBeLessThanOrEqual(0.01);

  record({
    row: 17,
    ran: `${jobs} jobs delivered ${DELIVERIES} times each on ${workers} workers`,
    came: `${jobs} episodes, the graph as in the undisturbed run, ${spent.again} of ${spent.needed} model calls repeated`,
    took: Date.now() - began,
    figures: { again: spent.again, needed: spent.needed },
  });
});

/** Puts nine more jobs with the same payload beside each, next to it in the queue. */
async function deliverAgain(config: Config, uuids: readonly string[]): Promise<void> {
  await withQueue(config, async (queue) => {
    await queue.pause();
    for (const uuid of uuids) {
      const job = await queue.getJob(uuid);
      const again = Array.from({ length: DELIVERIES - 1 }, (_, place) => ({
        name: 'store',
        data: job?.data,
        opts: { ...STORE_OPTIONS, jobId: `${uuid}-${place}`, lifo: true },
      }));
      await queue.addBulk(again);
    }
    await queue.resume();
  });
}

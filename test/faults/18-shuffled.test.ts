import { expect, test } from 'vitest';
import { canonicalLines, differences } from '../support/faults/canonical-graph.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { random } from '../support/random.ts';

const chance = random(18);
let isDisturbed = false;
// Failures that are not the fault of the episode.
const testbed = useTestbed({
  faultOf: () => {
    if (!isDisturbed || chance() > 0.05) return undefined;
    return chance() < 0.5 ? 'reset' : { kind: 'server-error', status: 500 };
  },
});
const groups = repetitions({ full: 50, small: 4 });
const length = repetitions({ full: 100, small: 16 });
const workers = repetitions({ full: 8, small: 2 });

test(`18. ${groups} groups of ${length} episodes, shuffled, on ${workers} failing workers, give the same graph as in order`, async () => {
  const began = Date.now();
  const seeds = Array.from({ length: groups }, (_, index) => `group ${index}`);

  const inOrder = testbed.scenario({ environment: { MEMORY_CONCURRENCY: '1' } });
  const ordered = seeds.map((seed, index) => makeStory(`${inOrder.config.group}-${index}`, length, seed));
  await enqueueAll(inOrder.memory, ordered.flat());
  const only = await inOrder.worker().ready();
  await untilDone(inOrder.memory, groups * length);
  await only.stop();

  isDisturbed = true;
  const { config, memory, worker } = testbed.scenario();
  const stories = seeds.map((seed, index) => makeStory(`${config.group}-${index}`, length, seed));
  const shuffled = stories
    .flat()
    .map((episode) => ({ episode, place: chance() }))
    .sort((a, b) => a.place - b.place);
  await Promise.all(Array.from({ length: workers }, () => worker().ready()));
  await enqueueAll(
    memory,
    shuffled.map(({ episode }) => episode),
  );
  await untilDone(memory, groups * length);

  const wrong: unknown[] = [];
  for (const [index, story] of stories.entries()) {
    const graph = await testbed.wholeGraph(`${config.group}-${index}`);
    expect(inspectGraph(graph, story)).toEqual(NO_DEFECTS);
    const wanted = canonicalLines(await testbed.wholeGraph(`${inOrder.config.group}-${index}`));
    wrong.push(...differences(wanted, canonicalLines(graph)));
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(await memory.getJobCounts('store')).toMatchObject({ failed: 0 });

  record({
    row: 18,
    ran: `${groups} groups × ${length} episodes on ${workers} workers, arrival shuffled, 5 % of model calls failed`,
    came: 'every graph hash as in the ordered run',
    took: Date.now() - began,
  });
});

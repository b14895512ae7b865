import { expect, test } from 'vitest';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { record } from '../support/faults/results.ts';
import { isWrite } from '../support/faults/stages.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { random } from '../support/random.ts';
import { randomMoment } from '../support/wait.ts';

const testbed = useTestbed();
const kills = repetitions({ full: 50, small: 3 });
const PER_KILL = 8;

test(`8. FalkorDB killed during ${kills} commits ends with every episode complete`, async () => {
  const began = Date.now();
  const chance = random(8);
  const proxies = await testbed.proxies();
  const { config, memory, worker } = testbed.scenario({ falkordb: proxies.falkordb });
  const { group } = config;
  const episodes = makeStory(group, kills * PER_KILL, 'wiped');
  const running = await worker().ready();

  for (let kill = 0; kill < kills; kill += 1) {
    // Between receipt of the write and some milliseconds later: before, during and after its execution.
    const killed = Promise.withResolvers<void>();
    proxies.falkordb.intercept({
      matches: (command) => isWrite(command, group),
      before: () => {
        randomMoment(chance, 12)
          .then(() => testbed.falkordb.kill('SIGKILL'))
          .then(killed.resolve, killed.reject);
        return 'forward';
      },
    });
    await enqueueAll(memory, episodes.slice(kill * PER_KILL, (kill + 1) * PER_KILL));
    await killed.promise;
    await testbed.falkordb.restart();
    await untilDone(memory, (kill + 1) * PER_KILL);
  }

  expect(inspectGraph(await testbed.wholeGraph(group), episodes)).toEqual(NO_DEFECTS);
  expect(await memory.getJobCounts('store')).toMatchObject({ failed: 0 });
  expect(running.hasEnded()).toBe(false);

  record({
    row: 8,
    ran: `${kills} kills of FalkorDB during commits, with appendfsync always`,
    came: `${episodes.length} episodes acknowledged as committed, all present and complete`,
    took: Date.now() - began,
  });
});

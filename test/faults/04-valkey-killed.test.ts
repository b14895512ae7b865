import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SECOND } from '../../src/time.ts';
import { count } from '../support/faults/count.ts';
import { withQueue } from '../support/faults/jobs.ts';
import { useLaboratory } from '../support/faults/laboratory.ts';
import { record } from '../support/faults/results.ts';
import { storyOf } from '../support/faults/story.ts';
import { paced, tell } from '../support/faults/telling.ts';
import { random } from '../support/random.ts';

const lab = useLaboratory();
const kills = count({ full: 20, small: 2 });
const PER_SECOND = 200;
/** From one kill to the next, so that all of them fall into the time in which episodes come. */
const ROUND = 3 * SECOND;

test(`4. Valkey killed and restarted ${kills} times under ${PER_SECOND} enqueues a second keeps all it acknowledged`, async () => {
  const began = Date.now();
  const chance = random(4);
  const { config, memory } = lab.scenario();
  const episodes = storyOf(config.group, (kills * ROUND * PER_SECOND) / SECOND, 'valkey');
  const acknowledged = new Set<string>();
  let refused = 0;

  const arriving = paced(episodes, SECOND / PER_SECOND, (episode) =>
    tell(memory, episode).then(
      () => acknowledged.add(episode.uuid),
      () => {
        refused += 1;
      },
    ),
  );
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep((0.3 + chance()) * SECOND);
    await lab.valkey.kill('SIGKILL');
    await lab.valkey.restart();
    // The next kill meets one that acknowledges again.
    const before = acknowledged.size;
    while (acknowledged.size === before && Date.now() - began < kills * ROUND) await sleep(20);
  }
  await arriving;

  const lost = await withQueue(config, async (queue) => {
    const there = new Set(
      (await queue.getJobs(['waiting', 'active', 'delayed', 'prioritized'], 0, -1)).map(({ id }) => id),
    );
    return [...acknowledged].filter((uuid) => !there.has(uuid));
  });
  expect(lost).toEqual([]);
  expect(refused).toBeGreaterThan(0);
  expect(acknowledged.size).toBeGreaterThan(episodes.length / 4);

  record({
    row: 4,
    ran: `${kills} kills of Valkey, AOF always, ${episodes.length} enqueues at ${PER_SECOND}/s`,
    came: `${acknowledged.size} acknowledged, ${refused} refused, ${lost.length} acknowledged lost`,
    took: Date.now() - began,
    figures: { acknowledged: acknowledged.size, refused, lost: lost.length },
  });
});

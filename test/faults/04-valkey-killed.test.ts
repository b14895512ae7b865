import { expect, test } from 'vitest';
import { SECOND } from '../../src/time.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueue, runPaced } from '../support/faults/enqueue.ts';
import { withQueue } from '../support/faults/jobs.ts';
import { record } from '../support/faults/results.ts';
import { makeStory, type StoryEpisode } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { random } from '../support/random.ts';
import { randomMoment, until } from '../support/wait.ts';

const testbed = useTestbed();
const kills = repetitions({ full: 20, small: 2 });
const PER_SECOND = 200;
/** Enqueues around each kill, and how many of them are acknowledged before it. */
const [PER_KILL, BEFORE] = [3 * PER_SECOND, PER_SECOND / 4];

test(`4. Valkey killed and restarted ${kills} times at ${PER_SECOND} enqueues per second loses no acknowledged episode`, async () => {
  const began = Date.now();
  const chance = random(4);
  const { config, memory } = testbed.scenario();
  const episodes = makeStory(config.group, kills * PER_KILL, 'valkey');
  const probes = makeStory(config.group, 2 * kills, 'probe');
  const acknowledged = new Set<string>();
  let refused = 0;

  const handIn = (episode: StoryEpisode) =>
    enqueue(memory, episode).then(
      () => acknowledged.add(episode.uuid),
      () => {
        refused += 1;
      },
    );
  for (let kill = 0; kill < kills; kill += 1) {
    const before = acknowledged.size;
    const [away, back] = probes.slice(2 * kill, 2 * kill + 2) as [StoryEpisode, StoryEpisode];
    const arriving = runPaced(episodes.slice(kill * PER_KILL, (kill + 1) * PER_KILL), SECOND / PER_SECOND, handIn);
    await until('acknowledgements', () => acknowledged.size >= before + BEFORE);
    await randomMoment(chance, SECOND);
    await testbed.valkey.kill('SIGKILL');
    await handIn(away);
    await testbed.valkey.restart();
    await until('the next acknowledgement', () => handIn(back).then(() => acknowledged.has(back.uuid)));
    await arriving;
    expect(acknowledged.has(away.uuid)).toBe(false);
  }

  const lost = await withQueue(config, async (queue) => {
    const there = new Set(
      (await queue.getJobs(['waiting', 'active', 'delayed', 'prioritized'], 0, -1)).map(({ id }) => id),
    );
    return [...acknowledged].filter((uuid) => !there.has(uuid));
  });
  expect(lost).toEqual([]);
  expect(refused).toBeGreaterThanOrEqual(kills);

  record({
    row: 4,
    ran: `${kills} kills of Valkey with appendfsync always, ${episodes.length} enqueues at ${PER_SECOND}/s`,
    came: `${acknowledged.size} acknowledged, ${refused} refused, ${lost.length} of the acknowledged lost`,
    took: Date.now() - began,
    figures: { acknowledged: acknowledged.size, refused, lost: lost.length },
  });
});

import { expect, test } from 'vitest';
import { SECOND } from '../../src/time.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueue, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { record } from '../support/faults/results.ts';
import { enqueueOptions, makeStory, type StoryEpisode } from '../support/faults/story.ts';
import { type Proxies, type Scenario, useTestbed } from '../support/faults/testbed.ts';
import type { Wire } from '../support/faults/wire.ts';
import { until } from '../support/wait.ts';

const testbed = useTestbed({}, { takeover: 'soon' });
const rounds = repetitions({ full: 5, small: 1 });
const NOTICED_WITHIN = 30 * SECOND;
const isBlocking = ({ commands }: Wire) => commands.has('bzpopmin');

/** The connection that is half open, and whether the worker or the caller uses it. */
interface Connection {
  readonly name: string;
  readonly of: 'worker' | 'caller';
  /** @returns the number of connections that no longer carry data */
  readonly breakIt: (proxies: Proxies) => number;
}

const CONNECTIONS: readonly Connection[] = [
  { name: 'worker to Valkey, blocking', of: 'worker', breakIt: ({ valkey }) => valkey.blackHole(isBlocking) },
  {
    name: 'worker to Valkey, commands',
    of: 'worker',
    breakIt: ({ valkey }) => valkey.blackHole((it) => !isBlocking(it)),
  },
  { name: 'worker to FalkorDB', of: 'worker', breakIt: ({ falkordb }) => falkordb.blackHole() },
  {
    name: 'worker to the model',
    of: 'worker',
    breakIt: ({ model }) => model.blackHole(),
  },
  { name: 'caller to Valkey', of: 'caller', breakIt: ({ valkey }) => valkey.blackHole() },
  { name: 'caller to FalkorDB', of: 'caller', breakIt: ({ falkordb }) => falkordb.blackHole() },
];

test.concurrent.each(CONNECTIONS)('10. half open: $name is detected and duplicates nothing', async (connection) => {
  const began = Date.now();
  const proxies = await testbed.proxies();
  const straight = testbed.scenario();
  const through = straight.via(proxies);
  const [caller, worker] = connection.of === 'worker' ? [straight, through] : [through, straight];
  await worker.worker().ready();
  const episodes = makeStory(straight.config.group, 1 + 2 * rounds, connection.name);
  await toldAndAnswered(caller, straight, episodes.slice(0, 1), 1);

  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = Date.now();
    expect(connection.breakIt(proxies)).toBeGreaterThan(0);
    await toldAndAnswered(caller, straight, episodes.slice(1 + 2 * round, 3 + 2 * round), 3 + 2 * round);
    took.push(Date.now() - start);
  }

  const slowest = Math.max(...took);
  expect(inspectGraph(await testbed.wholeGraph(straight.config.group), episodes)).toEqual(NO_DEFECTS);
  expect(await straight.memory.getJobCounts('store')).toMatchObject({ completed: episodes.length, failed: 0 });

  record({
    row: 10,
    ran: `${connection.name}, ${rounds} times`,
    came: `next store and answer after ${(slowest / SECOND).toFixed(1)} s at most`,
    took: Date.now() - began,
    figures: { slowest },
    promised: { within: NOTICED_WITHIN, took: slowest },
  });
});

/** Enqueues through the caller's connections, where each call answers or fails soon, and queries until the answer is there. */
async function toldAndAnswered(
  { memory }: Scenario,
  straight: Scenario,
  episodes: readonly StoryEpisode[],
  jobs: number,
): Promise<void> {
  for (const episode of episodes)
    await until(
      'the receipt',
      () =>
        enqueue(memory, episode).then(
          () => true,
          () => false,
        ),
      10 * NOTICED_WITHIN,
    );
  await untilDone(straight.memory, jobs);
  const { ownFact } = episodes[0] as StoryEpisode;
  const asked = () => memory.queryMemory(ownFact, 5, { group: enqueueOptions(episodes[0] as StoryEpisode).group });
  await until(
    'the answer',
    () =>
      asked().then(
        (answer) => answer.includes(ownFact),
        () => false,
      ),
    10 * NOTICED_WITHIN,
  );
}

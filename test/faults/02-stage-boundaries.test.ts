import { expect, test } from 'vitest';
import { MINUTE } from '../../src/time.ts';
import { withTimeout } from '../../src/with-timeout.ts';
import { canonicalLines, differences } from '../support/faults/canonical-graph.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { record } from '../support/faults/results.ts';
import { BOUNDARIES, type Boundary, interceptBoundary } from '../support/faults/stages.ts';
import { makeStory, type StoryEpisode } from '../support/faults/story.ts';
import type { Proxies } from '../support/faults/testbed.ts';
import { type Scenario, useTestbed } from '../support/faults/testbed.ts';

const testbed = useTestbed({}, { takeover: 'soon' });
const times = repetitions({ full: 20, small: 1 });
/** Number of concurrent chains of workers, each with a queue of its own. */
const CHAINS = 2;
const EPISODES = 5;

interface Case {
  readonly boundary: Boundary;
  readonly seed: string;
  readonly told: readonly StoryEpisode[];
}

test(`2. a worker killed at ${BOUNDARIES.length} stage boundaries, ${times} times each, leaves the same graph as an undisturbed run`, async () => {
  const began = Date.now();
  const all = Array.from({ length: times }, (_, time) =>
    BOUNDARIES.map((boundary) => ({ boundary, seed: `${boundary.when} ${boundary.stage} ${time}` })),
  ).flat();

  const undisturbed = testbed.scenario({ environment: { MEMORY_CONCURRENCY: '1' } });
  const wantedGroup = (seed: string) => `${undisturbed.config.group}-${all.findIndex((it) => it.seed === seed)}`;
  await enqueueAll(
    undisturbed.memory,
    all.flatMap(({ seed }) => makeStory(wantedGroup(seed), EPISODES, seed)),
  );
  const only = await undisturbed.worker().ready();
  await untilDone(undisturbed.memory, all.length * EPISODES);
  await only.stop();

  const chains = Array.from({ length: CHAINS }, (_, chain) => all.filter((_, place) => place % CHAINS === chain));
  const done = (await Promise.all(chains.map(runChain))).flat();

  const wrong: string[] = [];
  for (const { seed, told } of done) {
    const graph = await testbed.wholeGraph(told[0]?.group ?? '');
    expect({ seed, ...inspectGraph(graph, told) }).toEqual({ seed, ...NO_DEFECTS });
    const wanted = canonicalLines(await testbed.wholeGraph(wantedGroup(seed)));
    wrong.push(...differences(wanted, canonicalLines(graph)).map((line) => `${seed}: ${line}`));
  }
  expect(done).toHaveLength(all.length);
  expect(wrong.slice(0, 10)).toEqual([]);

  record({
    row: 2,
    ran: `${all.length} kills: ${BOUNDARIES.length} stage boundaries, ${times} times each`,
    came: 'every graph hash as in the undisturbed run, 0 lost, 0 duplicates',
    took: Date.now() - began,
  });
});

/** Each worker is killed at its boundary; the next one takes over its jobs and is killed at the next boundary. */
async function runChain(cases: readonly Omit<Case, 'told'>[]): Promise<Case[]> {
  const proxies = await testbed.proxies();
  const scenario = testbed.scenario(proxies);
  const done: Case[] = [];
  for (const [place, { boundary, seed }] of cases.entries()) {
    const told = makeStory(`${scenario.config.group}-${place}`, EPISODES, seed);
    await killAt(scenario, proxies, boundary, told, seed);
    done.push({ boundary, seed, told });
  }
  await scenario.worker().ready();
  await untilDone(scenario.memory, cases.length * EPISODES);
  expect(await scenario.memory.getJobCounts('store')).toMatchObject({ failed: 0 });
  return done;
}

async function killAt(
  { config, memory, worker }: Scenario,
  proxies: Proxies,
  boundary: Boundary,
  told: readonly StoryEpisode[],
  seed: string,
): Promise<void> {
  const running = await worker().ready();
  const killed = Promise.withResolvers<void>();
  interceptBoundary(
    proxies,
    boundary,
    { episodes: told, seed, prefix: config.queuePrefix },
    async (): Promise<'drop'> => {
      await running.kill();
      killed.resolve();
      return 'drop';
    },
  );
  await enqueueAll(memory, told);
  await withTimeout(5 * MINUTE, killed.promise, () => {
    throw new Error(`No worker came to "${boundary.when} ${boundary.stage}": ${running.output()}`);
  });
}

import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { runCommand } from '../support/command-line.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueue, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { record } from '../support/faults/results.ts';
import { makeStory, type StoryEpisode } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';

const testbed = useTestbed();
const jobs = repetitions({ full: 2000, small: 100 });
let valkey: Redis;
afterAll(() => valkey?.disconnect());

test(`6. Valkey out of memory rejects writes with an error, and commits what it acknowledged of ${jobs} episodes later`, async () => {
  const began = Date.now();
  const { config, memory, environment, worker } = testbed.scenario();
  valkey = new Redis({ host: testbed.valkey.host, port: testbed.valkey.port });
  const episodes = makeStory(config.group, jobs, 'full');
  const [half, rest] = [episodes.slice(0, jobs / 2), episodes.slice(jobs / 2)];
  for (const episode of half) await enqueue(memory, episode);
  const used = Number(/used_memory:(\d+)/.exec(await valkey.info('memory'))?.[1]);
  await valkey.config('SET', 'maxmemory', String(used));

  const acknowledged: StoryEpisode[] = [...half];
  const refusals = new Set<string>();
  for (const episode of rest)
    await enqueue(memory, episode).then(
      () => acknowledged.push(episode),
      (error: Error) => refusals.add(`${error.name}: ${error.message}`),
    );
  const [typed] = makeStory(config.group, 1, 'typed') as [StoryEpisode];
  const said = await runCommand(['store', typed.content, '--no-wait', '--uuid', typed.uuid], environment);
  // The call may spool the episode to disk, but must say so.
  if (said.status === 0) acknowledged.push(typed);
  // A worker that hits the limit neither drops nor gives up its jobs.
  const running = worker();
  const kept = await memory.getJobCounts('store');
  await valkey.config('SET', 'maxmemory', '0');
  await running.ready();
  await untilDone(memory, acknowledged.length);

  expect([...refusals]).toEqual([expect.stringMatching(/^StoreUnreachableError: .*out of memory.*maxmemory/)]);
  expect(acknowledged.length).toBeLessThan(jobs);
  expect(said.stderr).toMatch(said.status === 0 ? /kept in/ : /out of memory/);
  expect(kept.failed).toBe(0);
  expect(inspectGraph(await testbed.wholeGraph(config.group), acknowledged)).toEqual(NO_DEFECTS);
  expect(await memory.getJobCounts('store')).toMatchObject({ completed: acknowledged.length, failed: 0 });

  record({
    row: 6,
    ran: `${rest.length} enqueues and a command while Valkey was out of memory`,
    came: `${jobs + 1 - acknowledged.length} refused with an error message, ${acknowledged.length} acknowledged and all committed`,
    took: Date.now() - began,
  });
});

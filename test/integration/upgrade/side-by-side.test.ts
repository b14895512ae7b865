import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { runCommand } from '../../support/command-line.ts';
import { enqueueAll, untilDone } from '../../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../../support/faults/inspect.ts';
import { enqueueOptions, makeStory } from '../../support/faults/story.ts';
import { useTestbed } from '../../support/faults/testbed.ts';
import { startWorkerProcess } from '../../support/faults/worker-process.ts';
import {
  isPreviousReleaseThere,
  previousMain,
  previousModel,
  previousRelease,
} from '../../support/upgrade/previous-release.ts';

const EPISODES = 200;
const testbed = useTestbed({ delay: 20 });

test.skipIf(!isPreviousReleaseThere())(
  `a worker of the previous release and one of this share a queue of ${EPISODES} episodes, and none is lost or stored twice`,
  async () => {
    const { config, memory, environment, worker } = testbed.scenario({
      environment: { MEMORY_CONCURRENCY: '4' },
      queuePrefix: loadConfig({}).queuePrefix,
    });
    const release = await previousRelease();
    const main = previousMain(release);
    const model = await (await previousModel(release))({ delay: 20 });
    model.learn('exclusive: RUNS_ON');
    const older = { ...environment, OPENAI_BASE_URL: model.url };
    const before = startWorkerProcess(older, main);
    onTestFinished(async () => {
      await before.kill();
      await model.close();
    });
    await Promise.all([before.ready(), worker().ready()]);
    const episodes = makeStory(config.group, EPISODES, 'side by side');
    const [ours, theirs] = [episodes.slice(0, EPISODES / 2), episodes.slice(EPISODES / 2)];

    const lines = theirs.map((episode) => {
      const { uuid, referenceTime } = enqueueOptions(episode);
      return JSON.stringify({ content: episode.content, uuid, reference_time: referenceTime });
    });
    const [handedIn] = await Promise.all([
      runCommand(['store-many', '-', '--no-wait'], older, lines.join('\n'), undefined, main),
      enqueueAll(memory, ours),
    ]);
    // Asked while both commit: what is kept of an answer counts only until the next commit, whoever makes it.
    const answers = [theirs, ours].map(
      ([episode]) =>
        () =>
          memory.queryMemory(episode?.ownFact ?? ''),
    );
    await Promise.all(answers.map((ask) => ask()));
    await untilDone(memory, EPISODES);

    expect(await Promise.all(answers.map((ask) => ask()))).toEqual(
      [theirs, ours].map(([episode]) => expect.stringContaining(episode?.ownFact ?? '')),
    );
    expect(handedIn).toMatchObject({ status: 0 });
    expect(inspectGraph(await testbed.wholeGraph(config.group), episodes)).toEqual(NO_DEFECTS);
    expect(await memory.getJobCounts('store')).toMatchObject({ completed: EPISODES, failed: 0 });
    for (const asked of [model, testbed.model]) expect(asked.called('extract').length).toBeGreaterThan(0);
  },
);

import { expect, test } from 'vitest';
import { SECOND } from '../../src/time.ts';
import { repetitions } from '../support/faults/count.ts';
import { runPaced, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { callsSpent } from '../support/faults/model-calls.ts';
import { record } from '../support/faults/results.ts';
import { enqueueOptions, makeStory, type StoryEpisode } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';

const testbed = useTestbed();
const away = repetitions({ full: 120, small: 3 }) * SECOND;
const jobs = repetitions({ full: 500, small: 60 });
/** Milliseconds, on a machine with nothing else to do. */
const BACK_WITHIN = 50;

// Killed: the port refuses connections. Frozen: it accepts connections without replying, just like a slow server.
test.each(['SIGKILL', 'SIGSTOP'] as const)(
  `5. Valkey down (%s) for ${away / SECOND} s while ${jobs} episodes arrive: every call returns, all episodes are spooled and committed once`,
  async (signal) => {
    const began = Date.now();
    const { config, memory, worker } = testbed.scenario();
    const episodes = makeStory(config.group, jobs, `away ${signal}`);
    // The first call of a process loads the code.
    const [first, ...others] = episodes as [StoryEpisode, ...StoryEpisode[]];
    await memory.enqueueEpisode(first.content, null, { ...enqueueOptions(first), spool: true });

    await testbed.valkey.kill(signal);
    const took: number[] = [];
    let spooled = 0;
    await runPaced(others, away / jobs, async (episode) => {
      const start = performance.now();
      const receipt = await memory.enqueueEpisode(episode.content, null, { ...enqueueOptions(episode), spool: true });
      took.push(performance.now() - start);
      if (receipt.spooled) spooled += 1;
    });
    if (signal === 'SIGKILL') await testbed.valkey.restart();
    else await testbed.valkey.kill('SIGCONT');

    // The next worker drains the spool.
    await worker().ready();
    await untilDone(memory, jobs);

    const slowest = Math.max(...took);
    const inTime = took.filter((it) => it <= BACK_WITHIN).length;
    expect(inspectGraph(await testbed.wholeGraph(config.group), episodes)).toEqual(NO_DEFECTS);
    expect(await memory.getJobCounts('store')).toMatchObject({ completed: jobs, failed: 0 });
    expect(callsSpent(testbed.model.calls, episodes).again).toBe(0);
    expect(spooled).toBe(others.length);

    record({
      row: 5,
      ran: `${jobs} episodes, Valkey ${signal === 'SIGKILL' ? 'killed' : 'frozen'} for ${away / SECOND} s`,
      came: `${spooled} spooled, ${inTime} of ${took.length} calls returned within ${BACK_WITHIN} ms (slowest ${Math.round(slowest)} ms), all committed once`,
      took: Date.now() - began,
      figures: { spooled, slowest },
      promised: { within: BACK_WITHIN, took: slowest },
    });
  },
);

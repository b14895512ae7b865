import { expect, test } from 'vitest';
import { SECOND } from '../../src/time.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { attemptsOf } from '../support/faults/jobs.ts';
import { record } from '../support/faults/results.ts';
import { isWrite } from '../support/faults/stages.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { until, watchFor } from '../support/wait.ts';

const testbed = useTestbed({ delay: 10 });
const away = repetitions({ full: 60, small: 4 }) * SECOND;
const jobs = repetitions({ full: 500, small: 60 });
const RECOVERED_WITHIN = 30 * SECOND;

// Killed: the port refuses connections. Frozen: it accepts connections without replying.
test.each(['SIGKILL', 'SIGSTOP'] as const)(
  `7. FalkorDB down (%s) for ${away / SECOND} s during ${jobs} jobs: jobs wait and use up no attempts`,
  async (signal) => {
    const began = Date.now();
    const { falkordb } = await testbed.proxies();
    const { config, memory, worker } = testbed.scenario({ falkordb });
    const episodes = makeStory(config.group, jobs, `graph away ${signal}`);
    const first = Math.ceil(jobs / 10);
    await worker().ready();
    await enqueueAll(memory, episodes.slice(0, first));
    await untilDone(memory, first);

    // In the middle of a commit, with all others still to come.
    const struck = Promise.withResolvers<void>();
    falkordb.intercept({
      matches: (command) => isWrite(command, config.group),
      before: async (): Promise<'forward'> => {
        await testbed.falkordb.kill(signal).then(struck.resolve, struck.reject);
        return 'forward';
      },
    });
    await enqueueAll(memory, episodes.slice(first));
    await struck.promise;
    await watchFor(away);
    const before = (await memory.getJobCounts('store')).completed;
    if (signal === 'SIGKILL') await testbed.falkordb.restart();
    else await testbed.falkordb.kill('SIGCONT');
    const back = Date.now();
    await until(
      'the next done job',
      async () => (await memory.getJobCounts('store')).completed > before,
      10 * RECOVERED_WITHIN,
    );
    const recovered = Date.now() - back;
    await untilDone(memory, jobs);

    const burnt = (await attemptsOf(config)).filter((made) => made > 1).length;
    expect(await memory.getJobCounts('store')).toMatchObject({ completed: jobs, failed: 0 });
    expect(burnt).toBe(0);
    expect(before).toBeLessThan(jobs);
    expect(inspectGraph(await testbed.wholeGraph(config.group), episodes)).toEqual(NO_DEFECTS);

    record({
      row: 7,
      ran: `FalkorDB ${signal === 'SIGKILL' ? 'killed' : 'frozen'} for ${away / SECOND} s during ${jobs} jobs`,
      came: `${burnt} attempts counted, 0 dead letters, next commit ${(recovered / SECOND).toFixed(1)} s after FalkorDB was back`,
      took: Date.now() - began,
      figures: { burnt, recovered },
      promised: { within: RECOVERED_WITHIN, took: recovered },
    });
  },
);

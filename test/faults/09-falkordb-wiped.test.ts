import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { readInventory } from '../../src/archive/compare-graph.ts';
import { graphName } from '../../src/group.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { SECOND } from '../../src/time.ts';
import { retryingConnection } from '../../src/valkey/connections.ts';
import { inNamespace } from '../../src/valkey/keys.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { record } from '../support/faults/results.ts';
import { isWrite } from '../support/faults/stages.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';

const testbed = useTestbed({ delay: 5 }, { takeover: 'soon' });
const episodes = repetitions({ full: 1000, small: 24 });
const wipes = repetitions({ full: 20, small: 2 });

/**
 * A worker takes in a story; every so often one is killed when its write is on the way, which leaves an entry that nobody knows the
 * fate of. Then the graph is deleted and rebuilt: at first from the journal alone, later from the newest archive and the journal.
 */
test(`9. FalkorDB wiped ${wipes} times during ${episodes} episodes is rebuilt to the same graph without a model call`, async () => {
  const began = Date.now();
  const proxies = await testbed.proxies();
  const { config, memory, via } = testbed.scenario();
  const { group } = config;
  const story = makeStory(group, episodes, 'wiped out');
  const hash = async () => (await readInventory(testbed.graphs.group(group), 768)).hashes.exact;
  const valkey = inNamespace(retryingConnection(config.valkey), config.queuePrefix);
  const falkordb = new Redis(testbed.falkordb.port, testbed.falkordb.host);
  const part = Math.floor(episodes / wipes);
  const took: number[] = [];
  let [changes, queued, calls, bytes] = [0, 0, 0, 0];

  for (let wipe = 0; wipe < wipes; wipe += 1) {
    const killed = Promise.withResolvers<void>();
    const doomed = await via({ falkordb: proxies.falkordb }).worker().ready();
    proxies.falkordb.intercept({
      matches: (command) => isWrite(command, group),
      before: async (): Promise<'drop'> => {
        await doomed.kill();
        killed.resolve();
        return 'drop';
      },
    });
    await enqueueAll(memory, story.slice(wipe * part, (wipe + 1) * part));
    await killed.promise;
    const heir = await via({}).worker().ready();
    await untilDone(memory, (wipe + 1) * part);
    // At first there is no archive; then it is the same one for a while, and more and more comes from the journal.
    if (wipe % 5 === 1) await memory.export();
    await heir.stop();

    const before = await hash();
    await falkordb.call('GRAPH.DELETE', graphName(group));
    const asked = testbed.model.calls.length;
    const start = Date.now();
    const rebuilt = await memory.archives.rebuild();
    took.push(Date.now() - start);

    expect(rebuilt).toMatchObject({ complete: true, problems: [], queuedAgain: 0, recordedAgain: 0 });
    expect(await hash()).toBe(before);
    changes += rebuilt.changes;
    queued += rebuilt.queuedAgain;
    calls += testbed.model.calls.length - asked;
    bytes = (await openJournal(valkey).size(group)).bytes;
  }
  falkordb.disconnect();
  valkey.disconnect();

  expect(calls).toBe(0);
  expect(inspectGraph(await testbed.wholeGraph(group), story.slice(0, part * wipes))).toEqual(NO_DEFECTS);

  record({
    row: 9,
    ran: `graph deleted ${wipes} times during ${part * wipes} episodes, ${wipes} workers killed between journal and graph`,
    came: `the same graph hash each time, ${calls} model calls, ${changes} changes applied again, longest rebuild ${(Math.max(...took) / SECOND).toFixed(1)} s`,
    took: Date.now() - began,
    figures: { queued, calls, bytesPerEpisode: Math.round(bytes / (part * wipes)) },
  });
});

import { expect, test } from 'vitest';
import { needsRebuildAtNight, renewIndexes } from '../../src/graph/renew-indexes.ts';
import type { MemoryManager } from '../../src/memory.ts';
import {
  CHRONICLE_KNOWLEDGE,
  issueName,
  makeChronicle,
  questionsOf,
  spreadMoments,
} from '../support/faults/chronicle.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone, whenReachable } from '../support/faults/enqueue.ts';
import { record } from '../support/faults/results.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { openStoreConnections } from '../support/store-connections.ts';
import { newGroup } from '../support/stores.ts';

const testbed = useTestbed({ knowledge: CHRONICLE_KNOWLEDGE });
const episodes = repetitions({ full: 1000, small: 20 });
const questions = repetitions({ full: 200, small: 10 });
const MOMENTS = 5;
const LIMIT = 10;

test(`24. the newest archive restored to an empty graph has the same hash and answers ${questions} questions at ${MOMENTS} dates`, async () => {
  const began = Date.now();
  const { config, memory, worker } = testbed.scenario();
  const running = await worker().ready();
  const story = makeChronicle(config.group, episodes);
  await enqueueAll(memory, story);
  await untilDone(memory, episodes);
  // As the night does before its export, in memories of up to 20,000 facts.
  const own = openStoreConnections(config);
  await renewIndexes(own.graphs.group(config.group), own.leases, needsRebuildAtNight);
  own.close();
  const { file, facts, graphHash } = await memory.export({ gzip: true });
  await running.stop();

  const drilled = await memory.archives.verify('latest', { restore: true });
  const copy = newGroup();
  const restored = await memory.archives.restore(file, { group: copy });

  expect(drilled.answers?.asked).toBeGreaterThan(0);
  expect(drilled.answers?.found).toBe(drilled.answers?.asked);
  expect(restored.graphHash).toBe(graphHash);
  let [asked, found, same] = [0, 0, 0];
  const different: unknown[] = [];
  for (const asOf of spreadMoments(MOMENTS, episodes)) {
    for (const question of questionsOf(questions)) {
      const groups = [config.group, copy];
      const [before, after] = await both(memory, question, asOf, groups);
      asked += 1;
      found += before?.length ?? 0;
      if (JSON.stringify(before) === JSON.stringify(after)) same += 1;
      else different.push({ question, asOf, before, after });
    }
    for (let index = 0; index < episodes; index += Math.ceil(episodes / questions)) {
      const told = story[index];
      if (!told || told.referenceTime > asOf) continue;
      const question = `What became of ${issueName(index)}?`;
      for (const found of await both(memory, question, asOf, [config.group, copy]))
        expect({ question, found: found.some((line) => line.includes(told.ownFact)) }).toEqual({
          question,
          found: true,
        });
    }
  }
  expect(found).toBeGreaterThan(asked);
  expect(different).toEqual([]);

  record({
    row: 24,
    ran: `an archive of ${episodes} episodes and ${facts} facts restored into an empty graph, ${questions} questions at ${MOMENTS} dates`,
    came: `the same graph hash; ${same} of ${asked} answers equal in all ${LIMIT} places; each fact that only one episode states was found`,
    took: Date.now() - began,
    figures: { facts, asked, same, found },
  });
});

/** The results for a question in each of the groups, best first. */
function both(memory: MemoryManager, question: string, asOf: Date, groups: readonly string[]): Promise<string[][]> {
  return Promise.all(
    groups.map(async (group) => {
      const {
        facts,
        episodes,
        passages = [],
      } = await whenReachable(() => memory.search(question, LIMIT, { group, asOf, cache: false }));
      return [
        ...facts.map(({ fact }) => fact),
        ...episodes.map(({ excerpt }) => excerpt),
        ...passages.map(({ excerpt }) => excerpt),
      ];
    }),
  );
}

import { expect, test } from 'vitest';
import type { MemoryManager } from '../../src/memory.ts';
import { MINUTE, SECOND } from '../../src/time.ts';
import { runCommand } from '../support/command-line.ts';
import { CHRONICLE_KNOWLEDGE, chronicleOf, issueOf, momentsOf, questionsOf } from '../support/faults/chronicle.ts';
import { count } from '../support/faults/count.ts';
import { useLaboratory } from '../support/faults/laboratory.ts';
import { record } from '../support/faults/results.ts';
import { tellAll, untilDone } from '../support/faults/telling.ts';
import { newGroup } from '../support/stores.ts';

const lab = useLaboratory({ knowledge: CHRONICLE_KNOWLEDGE });
const episodes = count({ full: 1000, small: 30 });
const questions = count({ full: 200, small: 10 });
const MOMENTS = 5;
const LIMIT = 10;

test(`24. the newest archive in an empty graph has the same hash and answers ${questions} questions at ${MOMENTS} dates`, async () => {
  const began = Date.now();
  const { config, environment, memory, worker } = lab.scenario();
  const running = await worker().ready();
  const story = chronicleOf(config.group, episodes);
  await tellAll(memory, story);
  await untilDone(memory, episodes, MINUTE + episodes * SECOND);
  const { file, facts, graphHash } = await memory.export({ gzip: true });
  await running.stop();

  const drilled = await runCommand(['archive', 'verify', 'latest', '--restore', '--json'], environment);
  const copy = newGroup();
  const restored = await memory.archives.restore(file, { group: copy });

  expect(drilled.status).toBe(0);
  const { answers } = JSON.parse(drilled.stdout);
  expect(answers.found).toBe(answers.asked);
  expect(restored.graphHash).toBe(graphHash);
  let [asked, same, sameFirst] = [0, 0, 0];
  for (const asOf of momentsOf(MOMENTS, episodes)) {
    for (const question of questionsOf(questions)) {
      const [one, other] = await both(memory, question, asOf, [config.group, copy]);
      asked += 1;
      if (JSON.stringify(one) === JSON.stringify(other)) same += 1;
      if (one?.[0] === other?.[0]) sameFirst += 1;
    }
    // What only one fact tells is found whatever the index's own order is.
    for (let index = 0; index < episodes; index += Math.ceil(episodes / questions)) {
      const told = story[index];
      if (!told || told.referenceTime > asOf) continue;
      const question = `What became of ${issueOf(index)}?`;
      for (const found of await both(memory, question, asOf, [config.group, copy]))
        expect({ question, found: found.includes(told.ownFact) }).toEqual({ question, found: true });
    }
  }

  record({
    row: 24,
    ran: `an archive of ${episodes} episodes and ${facts} facts restored into an empty graph, ${questions} questions at ${MOMENTS} dates`,
    came: `the same graph hash; what one fact alone tells found every time; of ${asked} answers to broad questions ${same} the same to the last of ${LIMIT} places, ${sameFirst} in the first`,
    took: Date.now() - began,
    figures: { facts, asked, same, sameFirst },
  });
});

/** What is found for a question in each of the groups, best first. */
function both(memory: MemoryManager, question: string, asOf: Date, groups: readonly string[]): Promise<string[][]> {
  return Promise.all(
    groups.map(async (group) => {
      const { facts } = await memory.search(question, LIMIT, { group, asOf, cache: false });
      return facts.map(({ fact }) => fact);
    }),
  );
}

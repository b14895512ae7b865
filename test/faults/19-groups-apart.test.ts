import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { repetitions } from '../support/faults/count.ts';
import { untilDone, whenReachable } from '../support/faults/enqueue.ts';
import { record } from '../support/faults/results.ts';
import { seededUuid, uniqueName } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { random } from '../support/random.ts';

const testbed = useTestbed();
const groups = repetitions({ full: 50, small: 6 });
const steps = repetitions({ full: 10_000, small: 300 });
/** Of the steps; the others are reads. */
const WRITES = 0.2;
const closing: Redis[] = [];
afterAll(() => {
  for (const connection of closing) connection.disconnect();
});

test(`19. ${steps} interleaved writes and reads of ${groups} groups never show one group's text to another`, async () => {
  const began = Date.now();
  const chance = random(19);
  const { config, memory, worker } = testbed.scenario();
  const names = Array.from({ length: groups }, (_, index) => `${config.group}-${index}`);
  const canaries = names.map((_, index) => uniqueName('canary', index));
  const leaks: string[] = [];
  const look = (place: string, group: number, text: string) => {
    for (const [other, canary] of canaries.entries())
      if (other !== group && text.includes(canary))
        leaks.push(`the word of group ${other} in ${place} of group ${group}`);
  };
  await Promise.all([worker().ready(), worker().ready()]);

  let writes = 0;
  let reads = 0;
  const step = async (index: number) => {
    const group = Math.floor(chance() * groups);
    const [name, canary] = [names[group] ?? '', canaries[group] ?? ''];
    if (chance() < WRITES || index < groups) {
      writes += 1;
      // The same words in every group, except for one word, so that questions and names match all groups.
      const content = `Harbor [Project] KEEPS ${canary} [Secret]: Harbor keeps ${canary} in drawer ${index % 7}`;
      const uuid = seededUuid(config.group, index);
      await whenReachable(() => memory.enqueueEpisode(content, null, { group: name, uuid }));
    } else {
      reads += 1;
      const question = ['Harbor', 'What does Harbor keep?', `drawer ${index % 7}`, ...canaries][
        Math.floor(chance() * 6)
      ];
      // A question may contain any word; the answer may not.
      const answer = await whenReachable(() => memory.queryMemory(question ?? '', 5, { group: name }));
      look('an answer', group, answer);
      if (index % 10 === 0) {
        const entities = await whenReachable(() => memory.getEntities(undefined, { group: name }));
        look('its entities', group, JSON.stringify(entities));
      }
    }
  };
  const AT_ONCE = 8;
  for (let index = 0; index < steps; index += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, steps - index) }, (_, place) => step(index + place)));
  await untilDone(memory, writes);

  const valkey = new Redis({ host: testbed.valkey.host, port: testbed.valkey.port });
  closing.push(valkey);
  let cached = 0;
  for (const [group, name] of names.entries()) {
    look('the graph', group, JSON.stringify(await testbed.wholeGraph(name)));
    for (const key of await valkey.keys(`*query:{${name}}:*`)) {
      cached += 1;
      look('the cache', group, (await valkey.get(key)) ?? '');
    }
  }
  expect(leaks).toEqual([]);
  expect(cached).toBeGreaterThan(0);

  record({
    row: 19,
    ran: `${groups} groups, ${writes} writes and ${reads} reads interleaved, ${cached} cached answers searched`,
    came: `${leaks.length} canary words in another group's graph, cache or answer`,
    took: Date.now() - began,
    figures: { writes, reads, cached, leaks: leaks.length },
  });
});

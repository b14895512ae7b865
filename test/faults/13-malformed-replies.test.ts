import { expect, test } from 'vitest';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilEnded } from '../support/faults/enqueue.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { malformedReplies } from '../support/malformed-replies.ts';
import { random } from '../support/random.ts';

const replies = repetitions({ full: 10_000, small: 200 });
const GOOD = JSON.stringify({
  entities: [
    { name: 'Harbor', type: 'Project' },
    { name: 'Redis', type: 'Product' },
  ],
  facts: [
    {
      source: 'Harbor',
      target: 'Redis',
      relation: 'USES',
      fact: 'Harbor uses Redis',
      valid_at: '2025-01-10',
      invalid_at: null,
    },
  ],
  ended: [{ source: 'Harbor', target: 'Redis', at: '2025-03-01' }],
});
const chance = random(13);
const malformed = malformedReplies(13, replies, GOOD);
let given = 0;
let isDry = false;
const testbed = useTestbed({
  faultOf({ purpose }) {
    // Some are followed by a valid reply, so that repairs succeed too.
    if (purpose !== 'extract' || isDry || chance() > 0.85) return undefined;
    const next = malformed.next();
    isDry = next.done === true;
    if (next.done) return undefined;
    given += 1;
    return { kind: 'content', text: next.value };
  },
});

test(`13. ${replies} malformed replies crash no worker; each is repaired, retried or dead-lettered with a reason`, async () => {
  const began = Date.now();
  const { config, memory, worker } = testbed.scenario();
  const running = await worker().ready();
  let jobs = 0;
  for (; !isDry; jobs += 50) {
    await enqueueAll(
      memory,
      makeStory(config.group, 50, `malformed ${jobs}`).map((it, index) => ({ ...it, uuid: uuidOf(jobs + index) })),
    );
    await untilEnded(memory, jobs + 50);
  }

  const { completed, failed } = await memory.getJobCounts('store');
  const letters = [];
  for (let skip = 0; skip < failed; skip += 1000)
    letters.push(...(await memory.deadLetters.list({ limit: 1000, skip })));
  expect(running.hasEnded()).toBe(false);
  expect(running.output()).not.toMatch(/uncaught|unhandled/i);
  expect(completed + failed).toBe(jobs);
  expect(letters).toHaveLength(failed);
  expect(letters.filter(({ reason }) => !/^[A-Z].*[.)]$/s.test(reason))).toEqual([]);

  record({
    row: 13,
    ran: `${given} malformed replies to ${jobs} jobs`,
    came: `0 crashes, ${completed} jobs committed, ${failed} dead letters, each with its reason`,
    took: Date.now() - began,
    figures: { given, completed, failed },
  });

  function uuidOf(index: number): string {
    return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  }
});

import { expect, test } from 'vitest';
import { runCommand } from '../support/command-line.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilEnded } from '../support/faults/enqueue.ts';
import { inspectGraph, NO_DEFECTS } from '../support/faults/inspect.ts';
import { attemptsOf, withQueue } from '../support/faults/jobs.ts';
import { record } from '../support/faults/results.ts';
import { makeStory } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';

const POISON = 'A word that the model does not take: hemlock.';
const testbed = useTestbed({
  faultOf: ({ purpose, body }) =>
    purpose === 'extract' && textToRead(body).includes('hemlock') ? 'refusal' : undefined,
});
const jobs = repetitions({ full: 1000, small: 60 });
const poisonous = repetitions({ full: 50, small: 6 });

test(`15. ${poisonous} poison jobs among ${jobs} become dead letters; the others are unaffected`, async () => {
  const began = Date.now();
  const { config, memory, environment, worker } = testbed.scenario();
  const every = Math.floor(jobs / poisonous);
  // Some poison jobs are refused by the model; the others have payloads that no release ever wrote.
  const all = makeStory(config.group, jobs, 'poison');
  const bad = all.filter((_, index) => index % every === 0).slice(0, poisonous);
  const broken = new Set(bad.filter((_, index) => index % 5 === 4));
  const refused = bad.filter((it) => !broken.has(it)).map((it) => ({ ...it, content: `${it.content}\n${POISON}` }));
  const sound = all.filter((it) => !bad.includes(it));
  await enqueueAll(memory, [...sound, ...refused]);
  await withQueue(config, async (queue) => {
    for (const { uuid } of broken) await queue.add('store', { version: 1, uuid, hemlock: true }, { jobId: uuid });
  });
  await Promise.all([worker().ready(), worker().ready()]);
  await untilEnded(memory, jobs);

  const listed = await runCommand(['dead-letter', 'list', '--limit', '1000', '--json'], environment);
  const ids = (JSON.parse(listed.stdout) as { id: string }[]).map(({ id }) => id);
  const letters = await Promise.all(ids.map((id) => memory.deadLetters.get(id)));
  const untraced = letters.filter(({ traceId }) => !/^[0-9a-f]{16,32}$/.test(traceId ?? ''));
  const untouched = letters.filter(({ id }) => !bad.some(({ uuid }) => uuid === id));
  expect(untouched.map(({ reason, attempts, error }) => ({ reason, attempts, error }))).toEqual([]);
  expect(ids.sort()).toEqual(bad.map(({ uuid }) => uuid).sort());
  expect(letters.filter(({ reason }) => reason === '')).toEqual([]);
  expect(letters.filter(({ payload }) => !JSON.stringify(payload).includes('hemlock'))).toEqual([]);
  // A job added directly to the queue has no trace.
  expect(untraced.map(({ id }) => id).filter((id) => refused.some(({ uuid }) => uuid === id))).toEqual([]);
  expect(inspectGraph(await testbed.wholeGraph(config.group), sound)).toEqual(NO_DEFECTS);
  expect((await attemptsOf(config)).filter((made) => made > 1)).toEqual([]);

  record({
    row: 15,
    ran: `${poisonous} poison jobs among ${jobs}: ${refused.length} refused by the model, ${broken.size} unreadable payloads`,
    came: `${letters.length} dead letters with cause and payload, ${letters.length - untraced.length} with a trace id, ${sound.length} others committed`,
    took: Date.now() - began,
    figures: { letters: letters.length, sound: sound.length },
  });
});

/** The last user message starts with the episode; earlier texts of the group come later in it. */
function textToRead(body: object): string {
  const { messages = [] } = body as { messages?: { role: string; content: string }[] };
  const material = messages.find(({ role }) => role === 'user')?.content ?? '';
  return /<episode>\n([\s\S]*)\n<\/episode>/.exec(material)?.[1] ?? '';
}

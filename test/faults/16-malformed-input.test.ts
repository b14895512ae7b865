import type { Queue } from 'bullmq';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { isOperationalError } from '../../src/errors.ts';
import { checkGroup } from '../../src/group.ts';
import { postponeReason } from '../../src/queue/failure-reason.ts';
import { runCommand } from '../support/command-line.ts';
import { canonicalLines, differences } from '../support/faults/canonical-graph.ts';
import { repetitions } from '../support/faults/count.ts';
import { enqueueAll, untilDone, untilEnded } from '../support/faults/enqueue.ts';
import { withQueue } from '../support/faults/jobs.ts';
import { record } from '../support/faults/results.ts';
import { makeStory, seededUuid } from '../support/faults/story.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import { textOf } from '../support/graphiti/whole-graph.ts';
import { malformedReplies } from '../support/malformed-replies.ts';
import { random } from '../support/random.ts';
import { randomTexts } from '../support/rubbish.ts';
import { until } from '../support/wait.ts';

const testbed = useTestbed();
const inputs = {
  library: repetitions({ full: 7900, small: 90 }),
  queue: repetitions({ full: 2000, small: 30 }),
  // Each starts a process.
  cli: repetitions({ full: 100, small: 5 }),
};
const all = inputs.library + inputs.queue + inputs.cli;

/** This release cannot judge anything else in such a payload. */
const NEWER = z.object({ version: z.int().check(z.gt(1)), group: z.string().check(z.refine(isGroup)) });

const DEEP = Array.from({ length: 5000 }).reduce<unknown>((inner) => ({ a: inner }), 1);
const ODD: readonly unknown[] = [
  ...[
    null,
    undefined,
    0,
    Number.NaN,
    -1,
    true,
    10n,
    Symbol('x'),
    () => 1,
    [],
    {},
    [[]],
    new Date(Number.NaN),
    new Map(),
  ],
  ...['', ' ', '\0', '\ud800', 'x'.repeat(10_000_000), "'] DETACH DELETE n //", '{group}:*', '../../etc/passwd', DEEP],
];

test(`16. ${all} malformed inputs crash nothing, inject nothing, and are rejected with a message or stored unchanged`, async () => {
  const began = Date.now();
  const { config, memory, environment, worker } = testbed.scenario();
  const sentinel = `${config.group}-sentinel`;
  const running = await worker().ready();
  await enqueueAll(memory, makeStory(sentinel, 5, 'sentinel'));
  await untilDone(memory, 5);
  const before = canonicalLines(await testbed.wholeGraph(sentinel));

  const accepted = new Map<string, string>();
  const refused: unknown[] = [];
  await viaLibrary(memory, config.group, accepted, refused);
  const ends = await viaCommandLine(environment, config.group, accepted);
  const { payloads, newer } = await viaQueue(config, memory, config.group);
  const ended = 5 + accepted.size + payloads - newer.length;
  await untilEnded(memory, ended);
  // Each of these waits for a worker of a newer release, and says so.
  await until('their reasons', () => withQueue(config, (queue) => everyWaits(queue, newer)));

  const graph = await testbed.wholeGraph(config.group);
  const stored = new Map(
    graph.nodes.filter((it) => it.labels.includes('Episodic')).map((it) => [textOf(it, 'uuid'), textOf(it, 'content')]),
  );
  const changed = [...accepted].filter(([uuid, content]) => stored.get(uuid) !== content);
  const { completed, failed, ...unfinished } = await memory.getJobCounts('store');
  const letters = [];
  for (let skip = 0; skip < failed; skip += 1000)
    letters.push(...(await memory.deadLetters.list({ limit: 1000, skip })));
  expect(
    refused.filter((error) => !isOperationalError(error) || !/^.+[.)]$/su.test(error.message)).map(String),
  ).toEqual([]);
  expect(ends.strange).toEqual([]);
  expect(changed).toEqual([]);
  expect(completed + failed).toBe(ended);
  expect(unfinished.waiting + unfinished.active + unfinished.delayed).toBe(newer.length);
  expect(letters).toHaveLength(failed);
  expect(letters.filter(({ reason }) => reason.trim() === '')).toEqual([]);
  expect(differences(before, canonicalLines(await testbed.wholeGraph(sentinel)))).toEqual([]);
  expect(running.hasEnded()).toBe(false);

  record({
    row: 16,
    ran: `${all} malformed inputs: ${inputs.library} to the library, ${inputs.queue} into the queue, ${inputs.cli} to the command line`,
    came: `0 crashes, ${accepted.size} stored unchanged, ${refused.length + ends.refused} refused with an error message, ${failed} payloads dead-lettered with their reason${newer.length > 0 ? `, ${newer.length} of a newer version waits for a newer release` : ''}`,
    took: Date.now() - began,
    figures: { accepted: accepted.size, refused: refused.length, failed },
  });
});

/** Texts that break parsers, and values that are not text, in every argument of a call. */
async function viaLibrary(
  memory: ReturnType<typeof testbed.scenario>['memory'],
  group: string,
  accepted: Map<string, string>,
  refused: unknown[],
): Promise<void> {
  const chance = random(16);
  const odd = () => ODD[Math.floor(chance() * ODD.length)] as never;
  let index = 0;
  for (const text of randomTexts(16, inputs.library)) {
    index += 1;
    const uuid = seededUuid(group, 'library', index);
    const kind = index % 10;
    const content =
      kind === 0 ? odd() : index % 500 === 1 ? text.repeat(1 + Math.floor(900_000 / text.length / 3)) : text;
    const metadata = kind === 1 ? odd() : kind === 2 ? { [text]: text } : null;
    const options = {
      ...{ uuid, group },
      // With a trailing space no text is a valid group name by accident.
      ...(kind === 3 && { group: `${text} ` }),
      ...(kind === 4 && { source: odd() }),
      ...(kind === 5 && { saga: text }),
      ...(kind === 6 && { referenceTime: odd() }),
      ...(kind === 7 && { sourceDescription: text }),
      ...(kind === 8 && { uuid: odd() }),
    };
    try {
      const receipt = await memory.enqueueEpisode(content, metadata, options);
      if (options.group === group) accepted.set(receipt.uuid, content);
      else refused.push(new Error(`the group ${JSON.stringify(options.group)} was taken`));
    } catch (error) {
      refused.push(error);
    }
    if (kind === 9) await memory.queryMemory(text, 3, { group }).catch((error) => refused.push(error));
  }
}

async function viaCommandLine(environment: Record<string, string>, group: string, accepted: Map<string, string>) {
  const strange: string[] = [];
  let refused = 0;
  let index = 0;
  for (const text of randomTexts(161, inputs.cli)) {
    index += 1;
    const uuid = seededUuid(group, 'cli', index);
    // A process argument cannot contain NUL or a lone surrogate: those arrive as bytes on standard input.
    const isArgument = index % 2 === 0 && !text.includes('\0') && text.isWellFormed();
    const options = ['--no-wait', '--json', '--uuid', uuid];
    const end = isArgument
      ? await runCommand(['store', ...options, '--', text], environment)
      : await runCommand(
          ['store', '-', ...options],
          environment,
          Buffer.from(text, index % 4 === 1 ? 'utf8' : 'utf16le'),
        );
    if (end.status === 0 && isArgument) accepted.set(uuid, text);
    else if (end.status === 1 && end.stdout === '' && /^[^\n]+[.)]\n$/.test(end.stderr)) refused += 1;
    else if (end.status !== 0) strange.push(`${JSON.stringify(text)}: ${end.status} ${end.stderr}`);
    else accepted.set(uuid, Buffer.from(text).toString());
  }
  return { strange, refused };
}

/** Payloads made from a good one by what broken programs do to them: how many, and the jobs that look like those of a newer release. */
async function viaQueue(
  config: Parameters<typeof withQueue>[0],
  memory: ReturnType<typeof testbed.scenario>['memory'],
  group: string,
): Promise<{ payloads: number; newer: string[] }> {
  const model = seededUuid(group, 'model of a payload');
  await memory.enqueueEpisode('Harbor uses Redis.', { file: 'a.ts' }, { uuid: model, group });
  return withQueue(config, async (queue) => {
    const good = JSON.stringify((await queue.getJob(model))?.data);
    const newer: string[] = [];
    let index = 0;
    for (const text of malformedReplies(16, inputs.queue, good)) {
      index += 1;
      const [jobId, payload] = [`odd-${index}`, parsed(text)];
      await queue.add('store', payload, { jobId, attempts: 1 });
      if (NEWER.safeParse(payload).success) newer.push(jobId);
    }
    return { payloads: inputs.queue + 1, newer };
  });
}

async function everyWaits(queue: Queue, ids: readonly string[]): Promise<boolean> {
  const jobs = await Promise.all(ids.map((id) => queue.getJob(id)));
  return jobs.every((job) => postponeReason(job?.progress)?.endsWith('waits for a worker of a newer release.'));
}

function isGroup(name: string): boolean {
  try {
    checkGroup(name);
    return true;
  } catch {
    return false;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

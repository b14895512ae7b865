import { Job, type JobType, Queue, Worker } from 'bullmq';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import {
  countJobs,
  deleteFailureEvents,
  hasFailureReason,
  jobExists,
  jobKey,
  listActiveJobIds,
  listEndedJobIds,
  listFailedJobs,
  listJobIds,
  readEndsByMinute,
  readFailureReason,
  readFailureTime,
  readLatestAttempts,
  readLatestEnds,
  readNameAndPayload,
  readOldestWaiting,
  readPayload,
  readRawJob,
  replacePayloadAndDropFailures,
  replacePayloadUnlessActive,
  resetStallCount,
} from '../../../src/queue/bullmq-layout.ts';
import { listOpenJobs } from '../../../src/queue/bullmq-open-jobs.ts';
import { MINUTE } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

/** What the layout says is compared with jobs that BullMQ has written, and with what BullMQ reads after a change. */
const stores = useStores();
const closers: (() => unknown)[] = [];
let valkey: ReturnType<typeof retryingConnection>;
let queue: Queue;
beforeEach(() => {
  valkey ??= retryingConnection(stores.config.valkey);
  queue = new Queue('store', { connection: valkey, prefix: `{${newGroup()}}` });
  closers.push(() => queue.close());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => valkey?.disconnect());

/** Does each job as its data say: `fail`, `hold` until the returned function is called, or else succeed. */
function startWorker(): () => void {
  const connection = retryingConnection(stores.config.valkey);
  const held = Promise.withResolvers<void>();
  const worker = new Worker(
    'store',
    async ({ data }) => {
      if (data.does === 'fail') throw new Error('The secret is refused.');
      if (data.does === 'hold') await held.promise;
    },
    { connection, prefix: queue.opts.prefix ?? '', concurrency: 10 },
  );
  worker.on('error', () => {});
  closers.push(async () => {
    held.resolve();
    await worker.close();
    connection.disconnect();
  });
  return held.resolve;
}

async function add(id: string, does: string, options: object = {}): Promise<Job> {
  return queue.add('store', { does, id }, { jobId: id, ...options });
}

/** One job in every state. */
async function addOneOfEach(): Promise<void> {
  startWorker();
  await Promise.all([add('done', 'succeed'), add('broken', 'fail', { telemetry: { metadata: '{"trace":1}' } })]);
  await until('both ends', async () => (await queue.getJobCountByTypes('completed', 'failed')) === 2);
  await add('held', 'hold');
  await until('the held job', async () => (await queue.getActiveCount()) === 1);
  await queue.pause();
  await add('later', 'succeed', { delay: 60 * MINUTE });
  await add('first', 'succeed');
  await add('second', 'succeed');
  await add('urgent', 'succeed', { priority: 5 });
}

const idsOf = async (which: 'unfinished' | 'all') => {
  const ids: string[] = [];
  for await (const batch of listJobIds(queue, valkey, which)) ids.push(...batch);
  return ids.sort();
};

test('jobs are found in every state', async () => {
  await addOneOfEach();
  const { finishedOn = 0 } = (await queue.getJob('broken')) ?? {};

  expect(await idsOf('all')).toEqual(['broken', 'done', 'first', 'held', 'later', 'second', 'urgent']);
  expect(await idsOf('unfinished')).toEqual(['broken', 'first', 'held', 'later', 'second', 'urgent']);
  expect(await listActiveJobIds(queue, valkey)).toEqual(new Set(['held']));
  expect(await listFailedJobs(queue, valkey)).toEqual([{ id: 'broken', failedAt: finishedOn }]);
  expect(await readFailureTime(queue, valkey, 'broken')).toBe(finishedOn);
  expect(await readFailureTime(queue, valkey, 'done')).toBeNull();
  expect(await listEndedJobIds(queue, valkey, 'completed', 0)).toEqual(['done']);
  expect(await listEndedJobIds(queue, valkey, 'failed', finishedOn)).toEqual(['broken']);
  expect(await listEndedJobIds(queue, valkey, 'failed', finishedOn + 1)).toEqual([]);
  expect(await countJobs(queue)).toMatchObject({ active: 1, delayed: 1, failed: 1, completed: 1 });
  expect([await jobExists(queue, valkey, 'later'), await jobExists(queue, valkey, 'none')]).toEqual([true, false]);
});

test('a job is read as BullMQ reads it', async () => {
  await addOneOfEach();
  const job = await queue.getJob('broken');

  expect(await readRawJob(queue, valkey, 'broken')).toEqual({
    name: 'store',
    data: { does: 'fail', id: 'broken' },
    telemetry: { metadata: '{"trace":1}' },
    failedReason: 'The secret is refused.',
    stacktrace: job?.stacktrace,
    attemptsMade: job?.attemptsMade,
    timestamp: job?.timestamp,
  });
  expect(job).toMatchObject({ attemptsMade: 1, stacktrace: [expect.stringContaining('The secret is refused.')] });
  expect(await readRawJob(queue, valkey, 'none')).toBeUndefined();
  expect(JSON.parse((await readPayload(queue, valkey, 'first')) ?? '')).toEqual({ does: 'succeed', id: 'first' });
  expect(await readNameAndPayload(queue, valkey, 'first')).toEqual({
    name: 'store',
    payload: '{"does":"succeed","id":"first"}',
  });
  expect(await readNameAndPayload(queue, valkey, 'none')).toEqual({ name: null, payload: null });
  expect(await readFailureReason(queue, valkey, 'broken')).toBe('The secret is refused.');
  expect(await readFailureReason(queue, valkey, 'done')).toBeNull();
  const failures = ['broken', 'done'].map((id) => hasFailureReason(queue, valkey, id));
  expect(await Promise.all(failures)).toEqual([true, false]);
});

test('figures of waiting and ended jobs agree with the jobs', async () => {
  await addOneOfEach();
  const jobs = await Promise.all(['later', 'first', 'second', 'urgent'].map((id) => queue.getJob(id)));
  const [completed, failed] = await Promise.all(['done', 'broken'].map((id) => queue.getJob(id)));

  expect(await readOldestWaiting(queue, valkey)).toBe(Math.min(...jobs.map((job) => job?.timestamp ?? 0)));
  expect(await readLatestAttempts(queue, valkey, 20)).toContainEqual({
    state: 'failed',
    addedAt: failed?.timestamp,
    startedAt: failed?.processedOn,
    failedReason: 'The secret is refused.',
    error: 'Error',
    progress: expect.anything(),
  });
  const { presentMinute, minutes } = await readEndsByMinute(queue, valkey, 60, { name: 'store', mostPerMinute: 10 });
  const sum = (column: 0 | 1) => minutes.reduce((total, minute) => total + minute[column], 0);
  expect([minutes.length, sum(0), sum(1)]).toEqual([60, 1, 1]);
  expect(presentMinute % MINUTE).toBe(0);
  expect(minutes.flatMap(([, , times]) => times)).toEqual([(completed?.finishedOn ?? 0) - (completed?.timestamp ?? 0)]);
});

test('jobs that are not done are listed in the order in which BullMQ gives them to workers', async () => {
  await addOneOfEach();
  const listed = await listOpenJobs(queue, valkey, 10, 100);
  const later = await queue.getJob('later');

  const idsOf = async (...states: JobType[]) => (await queue.getJobs(states, 0, -1, true)).map(({ id }) => id);
  expect(listed.filter(({ state }) => state === 'active').map(({ id }) => id)).toEqual(await idsOf('active'));
  expect(listed.filter(({ state }) => state === 'waiting').map(({ id }) => id)).toEqual([
    ...(await idsOf('wait')),
    ...(await idsOf('prioritized')),
  ]);
  const due = (later?.timestamp ?? 0) + (later?.delay ?? 0);
  expect(listed.filter(({ state }) => state === 'delayed')).toMatchObject([{ id: 'later', dueAt: due, attempts: 0 }]);
  expect(await listOpenJobs(queue, valkey, 2, 100)).toEqual(listed.slice(0, 2));
});

test('the text about the latest ends changes with every end, and nothing waits then', async () => {
  startWorker();
  await add('one', 'succeed');
  await until('its end', async () => (await queue.getCompletedCount()) === 1);
  const before = await readLatestEnds(queue, valkey);
  await add('two', 'fail');
  await until('its end', async () => (await queue.getFailedCount()) === 1);

  expect(await readLatestEnds(queue, valkey)).not.toBe(before);
  expect(await readOldestWaiting(queue, valkey)).toBeNull();
});

test('a payload is replaced only as long as it is the one that was read', async () => {
  await addOneOfEach();
  await (await queue.getJob('broken'))?.log('a line');
  const from = (await readPayload(queue, valkey, 'broken')) ?? '';

  await replacePayloadAndDropFailures(queue, valkey, 'broken', { from: '{}', to: '{"other":true}' });
  expect((await queue.getJob('broken'))?.data).toEqual({ does: 'fail', id: 'broken' });
  await replacePayloadAndDropFailures(queue, valkey, 'broken', { from, to: '{"empty":true}' });
  await replacePayloadAndDropFailures(queue, valkey, 'none', { from, to: '{"empty":true}' });

  const job = await queue.getJob('broken');
  expect(job?.data).toEqual({ empty: true });
  expect(job?.failedReason ?? '').toBe('');
  expect(job?.stacktrace ?? []).toEqual([]);
  expect((await queue.getJobLogs('broken')).logs).toEqual([]);
  expect(await jobExists(queue, valkey, 'none')).toBe(false);
});

test('a payload is masked unless a worker has read it', async () => {
  await addOneOfEach();
  const mask = async (id: string, from: string | null, failure: string | null = null) =>
    replacePayloadUnlessActive(queue, valkey, id, { from: from ?? '', to: '{"masked":true}' }, failure);

  expect(await mask('held', await readPayload(queue, valkey, 'held'))).toBe('active');
  expect(await mask('first', 'another text')).toBe('gone');
  expect(await mask('broken', await readPayload(queue, valkey, 'broken'), 'The … is refused.')).toBe('replaced');

  expect((await queue.getJob('held'))?.data).toEqual({ does: 'hold', id: 'held' });
  expect(await queue.getJob('broken')).toMatchObject({ data: { masked: true }, failedReason: 'The … is refused.' });
});

test('events of failures are deleted and others stay', async () => {
  await addOneOfEach();
  const events = async () => (await valkey.xrange(queue.toKey('events'), '-', '+')).map(([, fields]) => fields.join());
  expect((await events()).join()).toContain('The secret is refused.');

  await deleteFailureEvents(queue, valkey, new Set(['broken']));

  expect((await events()).join()).not.toContain('The secret is refused.');
  expect((await events()).join()).toContain('completed');
});

test('how often a job stalled is forgotten', async () => {
  await add('stalled', 'succeed');
  await valkey.hset(jobKey(queue, 'stalled'), 'stc', 3);
  expect((await Job.fromId(queue, 'stalled'))?.stalledCounter).toBe(3);

  await resetStallCount(queue, 'stalled');

  expect((await Job.fromId(queue, 'stalled'))?.stalledCounter).toBe(0);
});

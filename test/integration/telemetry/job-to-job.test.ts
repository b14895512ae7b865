import { expect, test } from 'vitest';
import { openQueue } from '../../../src/queue/queues.ts';
import { carrierOf, traceIdOf } from '../../../src/telemetry/tracing.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { pathTo, run, startWorker, UNTRACED, useWatched } from './watched.ts';

const watched = useWatched();
const STORY = 'Mira [Person] WORKS_ON Harbor [Project]: Mira works on Harbor.';

test('one trace covers an episode from the call to the last write of the graph, also across a retry', async () => {
  const environment = watched.environment();
  const worker = await startWorker(environment);
  watched.openai.fail('unknown-model');

  await run(environment, 'store', STORY);

  expect(await worker.stop()).toBe(0);
  const write = await watched.agent.span(({ name }) => name === 'memory.write');
  const spans = watched.agent.trace(write.trace);
  expect(pathTo(write, spans)).toEqual(expect.arrayContaining(['memory.request', 'bullmq.add', 'bullmq.processJob']));
  const jobs = spans.filter(({ name }) => name === 'bullmq.processJob');
  expect(jobs.map(({ error, tags }) => [error, tags['error.type']])).toEqual([
    [true, 'ConfigError'],
    [false, undefined],
  ]);
  expect(new Set(jobs.map(({ parent }) => parent)).size).toBe(1);
  expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['memory-manager']));
});

test('a job that waits for a model continues in the same trace, and does not count as a queue error', async () => {
  const environment = watched.environment();
  const worker = await startWorker(environment);
  watched.agent.reset();
  watched.openai.fail({ kind: 'rate-limit', retryAfter: '0' });

  await run(environment, 'store', STORY);

  await worker.stop();
  const jobs = watched.agent.spans.filter(({ name }) => name === 'bullmq.processJob');
  expect(jobs.map(({ error, tags }) => [error, tags['memory.waits']])).toEqual([
    [false, 1],
    [false, undefined],
  ]);
  expect(new Set(jobs.map(({ trace }) => trace)).size).toBe(1);
});

test('a producer without a tracer starts the trace that the worker continues', async () => {
  const environment = watched.environment();
  const worker = await startWorker(environment);

  const { stdout } = await run({ ...environment, ...UNTRACED }, 'store', STORY, '--json');

  await worker.stop();
  const begun = await traceOfJob(environment, (JSON.parse(stdout) as { uuid: string }).uuid);
  const spans = watched.agent.trace(begun?.slice(-16) ?? '');
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['bullmq.processJob', 'memory.write']));
  expect(spans.find(({ name }) => name === 'bullmq.processJob')?.tags['_dd.p.tid']).toBe(begun?.slice(0, 16));
});

test('a worker without a tracer runs its jobs normally', async () => {
  const environment = watched.environment();
  const worker = await startWorker({ ...environment, ...UNTRACED });
  watched.agent.reset();

  await run(environment, 'store', STORY);

  await worker.stop();
  expect(watched.agent.spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['memory.request', 'bullmq.add']));
  expect(watched.agent.spans.some(({ name }) => name === 'bullmq.processJob')).toBe(false);
});

test('a commit is linked to the trace of every episode that it writes', async () => {
  const environment = watched.environment();
  for (const name of ['Ada', 'Bo', 'Cy', 'Di', 'Ed', 'Flo'])
    await run({ ...environment, ...UNTRACED }, 'store', STORY.replaceAll('Mira', name), '--no-wait');
  // Hands in what waits on disk, since Valkey was slow to accept it.
  await run({ ...environment, ...UNTRACED }, 'status');
  watched.agent.reset();
  const worker = await startWorker(environment);

  await run({ ...environment, ...UNTRACED }, 'store', STORY);

  await worker.stop();
  const traces = (name: string) => watched.agent.spans.filter((span) => span.name === name);
  const episodes = new Set(traces('memory.job').map(({ trace }) => trace));
  const written = traces('memory.write').flatMap(({ links }) => links.map((link) => link.trace));
  expect(episodes.size).toBe(7);
  expect(new Set(written)).toEqual(episodes);
});

test('an export is one trace, from the call to the file', async () => {
  const environment = watched.environment();
  const worker = await startWorker(environment);

  await run(environment, 'export');

  await worker.stop();
  const file = await watched.agent.span(({ name }) => name === 'memory.archive');
  expect(pathTo(file, watched.agent.spans)).toEqual([
    'memory.command',
    'memory.request',
    'bullmq.add',
    'bullmq.processJob',
    'memory.job',
    'memory.export',
    'memory.archive',
  ]);
});

async function traceOfJob(environment: Record<string, string>, uuid: string): Promise<string | undefined> {
  const { config } = watched.stores;
  const connection = retryingConnection(config.valkey);
  const queue = openQueue('store', connection, { ...config, queuePrefix: environment.MEMORY_QUEUE_PREFIX ?? '' });
  const job = await queue.getJob(uuid);
  await queue.close();
  connection.disconnect();
  return traceIdOf(carrierOf(job?.opts.telemetry));
}

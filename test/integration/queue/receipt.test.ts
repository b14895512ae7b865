import { randomUUID } from 'node:crypto';
import { UnrecoverableError, Worker } from 'bullmq';
import { afterEach, expect, test, vi } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { JobFailedError, TimedOutError } from '../../../src/errors.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { openProducer } from '../../../src/queue/producer.ts';
import { jobCounts } from '../../../src/queue/queue-state.ts';
import { openQueues } from '../../../src/queue/queues.ts';
import { openJobWaiter } from '../../../src/queue/wait.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { plainEmbedder } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
afterEach(() => void vi.useRealTimers());

test.each([
  ['completed', async (): Promise<string> => 'done', 'done'],
  [
    'failed',
    async (): Promise<string> => {
      throw new UnrecoverableError('It cannot be read.');
    },
    JobFailedError,
  ],
  ['still waiting', undefined, TimedOutError],
] as const)(
  'a wait that ends reads the job once more, since the event may be lost: the job is %s',
  async (_, work, outcome) => {
    const proxy = await startProxy(stores.config.valkey, 'resp');
    const config = { ...stores.config, queuePrefix: `{${newGroup()}}` };
    const queues = openQueues(config);
    const producer = openProducer(queues);
    const waiting = openJobWaiter('store', { ...config, valkey: { host: proxy.host, port: proxy.port, tls: false } });
    const episode = newEpisode('Harbor uses Redis.', null, newGroup(), 1000, { uuid: randomUUID() });
    const { jobId } = await producer.store(episode);
    await waiting.ready();
    await until('it listens', () => proxy.blackHole((wire) => wire.commands.has('xread')) > 0);

    const looked = Promise.withResolvers<void>();
    proxy.intercept({
      matches: ([command]) => command?.toLowerCase() === 'hgetall',
      after() {
        looked.resolve();
        return 'forward';
      },
    });
    const connection = retryingConnection(config.valkey);
    const worker = work && new Worker('store', work, { connection, prefix: config.queuePrefix, autorun: false });
    worker?.on('error', () => {});

    // The time of the wait is over when the job has ended, however long that takes.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const ended = waiting.result(jobId, 5 * SECOND).catch((error: unknown) => error);
    await looked.promise;
    worker?.run().catch(() => {});
    await until('the end of the job', async () => {
      const { waiting, active } = await jobCounts(queues, 'store');
      return !work || waiting + active === 0;
    });
    vi.advanceTimersByTime(5 * SECOND);
    vi.useRealTimers();

    if (typeof outcome === 'string') expect(await ended).toBe(outcome);
    else expect(await ended).toBeInstanceOf(outcome);
    await worker?.close();
    connection.disconnect();
    await waiting.close();
    await producer.close();
    await proxy.close();
  },
);

test('an aborted wait rejects with the reason of its signal, and its job continues', async () => {
  const config = { ...stores.config, queuePrefix: `{${newGroup()}}` };
  const stop = new AbortController();
  await using memory = new MemoryManager(config, { embedder: plainEmbedder() });
  const receipt = await memory.enqueueEpisode('Harbor uses Redis.');
  await memory.connect('store');

  const wait = memory.waitFor(receipt, { timeoutMs: 10 * MINUTE, signal: stop.signal });
  stop.abort(new Error('The program ends.'));

  await expect(wait).rejects.toThrow('The program ends.');
  await expect(memory.waitFor(receipt, { signal: AbortSignal.abort(new Error('Too late.')) })).rejects.toThrow(
    'Too late.',
  );
  expect(await memory.getJobCounts('store')).toMatchObject({ waiting: 1, failed: 0 });
});

test('a disposed memory has closed its connections', async () => {
  const memory = new MemoryManager(stores.config, { embedder: plainEmbedder() });
  await memory.enqueueEpisode('Harbor uses Redis.', null, { group: newGroup() });

  await memory[Symbol.asyncDispose]();

  await expect(memory.enqueueEpisode('Harbor uses Redis.', null, { group: newGroup() })).rejects.toThrow();
});

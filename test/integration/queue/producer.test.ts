import { Queue } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { type Servers, startServers } from '../../../src/embedded/servers.ts';
import { newEpisode } from '../../../src/episode.ts';
import { ModelFailedError } from '../../../src/errors.ts';
import type { Ingest } from '../../../src/ingest/ingest.ts';
import { openProducer, type Producer } from '../../../src/queue/producer.ts';
import { jobCounts, latestFailures } from '../../../src/queue/queue-state.ts';
import { type OpenQueues, openQueues } from '../../../src/queue/queues.ts';
import { openJobWaiter } from '../../../src/queue/wait.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startStoreWorker } from '../../../workers/store-role.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const episode = () => newEpisode('Harbor uses Redis.', { a: 1 }, stores.config.group, 1000);

function queuesOf(config = stores.config): OpenQueues {
  const opened = openQueues(config);
  closers.push(() => opened.close());
  return opened;
}

function producer(config = stores.config): Producer {
  const opened = openProducer(queuesOf(config));
  closers.push(() => opened.close());
  return opened;
}

function worker(ingest: Ingest) {
  const connection = retryingConnection(stores.config.valkey);
  const started = startStoreWorker(stores.config, connection, ingest, { run: async () => ({ entities: 0 }) });
  closers.push(async () => {
    await started.close();
    connection.disconnect();
  });
  return started;
}

describe('a producer', () => {
  test('returns a receipt whose job has the episode unchanged', async () => {
    const one = episode();

    const receipt = await producer().store(one);

    const connection = retryingConnection(stores.config.valkey);
    const queue = new Queue('store', { connection, prefix: stores.config.queuePrefix });
    closers.push(async () => {
      await queue.close();
      connection.disconnect();
    });
    expect(receipt).toEqual({ queue: 'store', jobId: one.uuid, uuid: one.uuid, name: one.name });
    expect((await queue.getJob(one.uuid))?.data).toMatchObject({
      version: 1,
      content: one.content,
      metadata: { a: 1 },
    });
  });

  test('makes one job of the same episode enqueued twice', async () => {
    const [one, opened] = [episode(), producer()];
    const before = (await jobCounts(queuesOf(), 'store')).waiting;

    await Promise.all([opened.store(one), opened.store(one)]);

    expect((await jobCounts(queuesOf(), 'store')).waiting - before).toBe(1);
  });

  test('returns the stored episode for a known uuid, and refuses a different one', async () => {
    const [one, opened] = [episode(), producer()];
    await opened.store(one);

    const again = await opened.store({ ...one, name: 'episode_later' }, true);
    const other = opened.store({ ...one, name: 'episode_later', content: 'Something else.' }, true);

    expect(again.name).toBe(one.name);
    await expect(other).rejects.toThrow('belongs to another episode; leave the uuid out to get a new one');
  });

  test('fails while Valkey is down or frozen, and recovers when it is back', async () => {
    const servers = await startOwn();
    const { host, port } = servers.valkey;
    const opened = producer({ ...stores.config, valkey: { host, port, tls: false } });
    await opened.store(episode());

    await servers.valkey.kill('SIGSTOP');
    const frozen = await refusal(opened.store(episode()));
    await servers.valkey.kill('SIGCONT');
    await until('the thaw', () => opened.store(episode()).catch(() => undefined));
    await servers.valkey.kill('SIGKILL');
    const away = await refusal(opened.store(episode()));
    await servers.valkey.restart();

    for (const error of [frozen, away]) expect(error).toMatch(/^Valkey at .* does not answer/);
    expect(await until('the return', () => opened.store(episode()).catch(() => undefined))).toHaveProperty('jobId');
  });

  test('names the server that refuses the password', async () => {
    const servers = await startOwn({ password: 'right' });
    const { host, port } = servers.valkey;
    const opened = producer({ ...stores.config, valkey: { host, port, tls: false, password: 'wrong' } });

    const store = opened.store(episode());

    await expect(store).rejects.toThrow(/^Valkey at .* refused the user or the password; check VALKEY_USERNAME/);
  });
});

describe('a job', () => {
  test('that fails is retried until it succeeds', async () => {
    const waiting = openJobWaiter('store', stores.config);
    closers.push(() => waiting.close());
    await waiting.ready();
    let tries = 0;
    worker(async () => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
    });

    const { jobId } = await producer().store(episode());
    await waiting.result(jobId, 2 * MINUTE);

    expect(tries).toBeGreaterThanOrEqual(3);
  });

  test('with a permanent failure fails at once, with its reason', async () => {
    const waiting = openJobWaiter('store', stores.config);
    closers.push(() => waiting.close());
    const connection = retryingConnection(stores.config.valkey);
    const queue = new Queue('store', { connection, prefix: stores.config.queuePrefix });
    closers.push(async () => {
      await queue.close();
      connection.disconnect();
    });
    worker(async () => {});
    await waiting.ready();

    await queue.add('store', { version: 99 }, { jobId: 'from-the-future' });

    await expect(waiting.result('from-the-future', 2 * MINUTE)).rejects.toThrow(
      /^The store job's payload cannot be read: version/,
    );
  });

  test('that takes too long is reported as such and continues', async () => {
    const waiting = openJobWaiter('store', stores.config);
    closers.push(() => waiting.close());
    const slow = episode();
    const finish = Promise.withResolvers<void>();
    worker(({ uuid }) => (uuid === slow.uuid ? finish.promise : Promise.resolve()));
    const { jobId } = await producer().store(slow);

    await expect(waiting.result(jobId, SECOND)).rejects.toThrow('did not end within 1 s; the job continues');

    finish.resolve();
    await waiting.result(jobId, 2 * MINUTE);
  });

  test('that takes too long because it fails is reported with the reason', async () => {
    const waiting = openJobWaiter('store', stores.config);
    closers.push(() => waiting.close());
    worker(async () => {
      throw new ModelFailedError('The server refuses the key.');
    });
    const opened = producer();
    const { jobId } = await opened.store(episode());
    await until('a failure', async () => (await latestFailures(queuesOf(), 'store')).some(({ isFinal }) => !isFinal));

    await expect(waiting.result(jobId, SECOND)).rejects.toThrow(/Its last try failed: The server refuses the key\.$/);
    expect((await latestFailures(queuesOf(), 'store')).filter(({ isFinal }) => !isFinal)).toMatchObject([
      { reason: 'The server refuses the key.', error: 'ModelFailedError', isFinal: false },
    ]);
  });

  test('is not waited for after Valkey is gone', async () => {
    const servers = await startOwn();
    const { host, port } = servers.valkey;
    const waiting = openJobWaiter('store', { ...stores.config, valkey: { host, port, tls: false } });
    await waiting.ready();
    await servers.valkey.kill('SIGKILL');

    await waiting.close();
  });

  test('that was never stored is named in the error', async () => {
    const waiting = openJobWaiter('store', stores.config);
    closers.push(() => waiting.close());

    await expect(waiting.result('nobody', SECOND)).rejects.toThrow('There is no store job "nobody"');
  });

  test('is reported however quickly it ends', async () => {
    const waiting = openJobWaiter('store', stores.config);
    closers.push(() => waiting.close());
    worker(async () => {});
    const opened = producer();

    for (let round = 0; round < 60; round += 1) {
      const { jobId } = await opened.store(episode());
      await waiting.result(jobId, 2 * MINUTE);
    }
  });
});

async function startOwn(options = {}): Promise<Servers & { own: true }> {
  const servers = await startServers({ env: {}, ...options });
  if (!servers.own) throw new Error('servers of its own are needed here');
  closers.push(() => servers.stop());
  return servers;
}

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it worked',
    (error) => String(error.message),
  );

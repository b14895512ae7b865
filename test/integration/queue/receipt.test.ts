import { randomUUID } from 'node:crypto';
import { UnrecoverableError, Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { JobFailedError, TimedOutError } from '../../../src/errors.ts';
import { openProducer } from '../../../src/queue/producer.ts';
import { openWaiting } from '../../../src/queue/wait.ts';
import { SECOND } from '../../../src/time.ts';
import { patientConnection } from '../../../src/valkey/connections.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();

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
] as const)('a wait that ends looks once more, since the news may be lost: the job is %s', async (_, work, outcome) => {
  const proxy = await startProxy(stores.config.valkey, 'resp');
  const config = { ...stores.config, queuePrefix: `{${newGroup()}}` };
  const producer = openProducer(config);
  const waiting = openWaiting('store', { ...config, valkey: { host: proxy.host, port: proxy.port, tls: false } });
  const episode = newEpisode('Harbor uses Redis.', null, newGroup(), 1000, { uuid: randomUUID() });
  const { jobId } = await producer.store(episode);
  await waiting.ready();
  await until('it listens', () => proxy.blackHole((wire) => wire.said.has('xread')) > 0);

  const ended = waiting.ended(jobId, 5 * SECOND).catch((error: unknown) => error);
  const connection = patientConnection(config.valkey);
  const worker = work && new Worker('store', work, { connection, prefix: config.queuePrefix });
  worker?.on('error', () => {});

  if (typeof outcome === 'string') expect(await ended).toBe(outcome);
  else expect(await ended).toBeInstanceOf(outcome);
  await worker?.close();
  connection.disconnect();
  await waiting.close();
  await producer.close();
  await proxy.close();
});

import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openScheduleState } from '../../../src/schedule/run-due-ticks.ts';
import { DAY } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { pathTo, run, startWorker, useWatched } from './watched.ts';

const watched = useWatched();
let valkey: Redis;
beforeAll(() => {
  valkey = retryingConnection(watched.stores.config.valkey);
});
afterAll(() => valkey.disconnect());

test('a nightly run is one trace, from the scheduler to the trial restore of every archive', async () => {
  const environment: Record<string, string> = { ...watched.environment(), MEMORY_EXPORT_CRON: '0 3 * * *' };
  const first = await startWorker({ ...environment, MEMORY_EXPORT_CRON: 'off' });
  await run(environment, 'store', 'Mira [Person] WORKS_ON Harbor [Project]: Mira works on Harbor.');
  await first.stop();
  watched.agent.reset();
  await openScheduleState(valkey, environment.MEMORY_QUEUE_PREFIX ?? '').advance(
    new Date(Date.now() - 2 * DAY),
    new Date(),
  );

  const worker = await startWorker(environment);

  const exported = await watched.agent.span(({ name }) => name === 'memory.export');
  expect(await worker.stop()).toBe(0);
  const spans = watched.agent.trace(exported.trace);
  const path = pathTo(exported, spans);
  expect(path[0]).toBe('memory.schedule');
  expect(path.filter((name) => name === 'memory.job')).toHaveLength(2);
  expect(spans.filter(({ name }) => name === 'memory.job').map(({ resource }) => resource)).toEqual(
    expect.arrayContaining(['nightly', 'export']),
  );
});

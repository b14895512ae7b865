import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../src/config.ts';
import { openNightlyExports } from '../../../src/queue/nightly-exports.ts';
import { openQueues } from '../../../src/queue/queues.ts';
import { runDueTicks } from '../../../src/schedule/run-due-ticks.ts';
import { openTicks } from '../../../src/schedule/ticks.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';

/** The program of `startSchedulerProcess`: a scheduler that checks all the time, by the test's clock plus its own error. */
const skew = Number(process.argv[2]);
const config = loadConfig();
const nights = openNightlyExports(openQueues(config));
const valkey = retryingConnection(config.valkey);
const ticks = openTicks(config.nightly?.cron ?? '', config.nightly?.timeZone ?? '');
const state = {
  async read() {
    const { last } = await nights.schedule.read();
    return { now: new Date(Number(await valkey.get(`${config.queuePrefix}:clock`)) + skew), last };
  },
  advance: nights.schedule.advance,
};

for (let looks = 0; ; looks += 1) {
  await runDueTicks(ticks, state, nights.add);
  if (looks === 0) process.stdout.write('looks');
  await sleep(Math.random() * 4);
}

import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../src/config.ts';
import { type Server, startValkey } from '../../src/embedded/servers.ts';
import { EXPORT_QUEUE } from '../../src/queue/jobs.ts';
import { openMark } from '../../src/schedule/mark.ts';
import { openTicks } from '../../src/schedule/ticks.ts';
import { MINUTE } from '../../src/time.ts';
import { patientConnection } from '../../src/valkey/connections.ts';
import { count } from '../support/faults/count.ts';
import { record } from '../support/faults/results.ts';
import { type SchedulerProcess, startSchedulerProcess } from '../support/faults/scheduler-process.ts';
import { random } from '../support/random.ts';
import { randomMoment, until } from '../support/wait.ts';

const nights = count({ full: 200, small: 9 });
/** One of the three is killed in every night, in a small run in every third. */
const killEvery = count({ full: 1, small: 3 });
const SKEWS = [-20 * MINUTE, 0, 20 * MINUTE];
/** The clock goes over each tick in these steps, so that each scheduler comes to it at another. */
const STEPS = [-40, -20, -5, 0, 5, 20, 40].map((minutes) => minutes * MINUTE);
const NIGHTLY = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
const ticks = openTicks(NIGHTLY.cron, NIGHTLY.timeZone);

let server: Server;
let valkey: Redis;
const running = new Set<SchedulerProcess>();
beforeAll(async () => {
  server = await startValkey();
  valkey = patientConnection({ host: server.host, port: server.port, tls: false });
});
afterAll(async () => {
  await Promise.all([...running].map((scheduler) => scheduler.kill()));
  valkey?.disconnect();
  await server?.stop();
});

/** A schedule with a clock of its own, and somebody who does what it asks for. */
async function newSchedule(name: string, from: Date) {
  const address = { host: server.host, port: server.port, tls: false };
  const config: Config = { ...loadConfig({}), valkey: address, queuePrefix: `{${name}}`, nightly: NIGHTLY };
  const ran: string[] = [];
  const connection = patientConnection(address);
  const worker = new Worker(EXPORT_QUEUE, async ({ data }: Job) => void ran.push(data.tick), {
    connection,
    prefix: config.queuePrefix,
  });
  const mark = openMark(valkey, config.queuePrefix);
  const turn = (to: number) => valkey.set(`${config.queuePrefix}:clock`, to);
  await turn(from.getTime());
  return {
    ran,
    turn,
    noteServed: (tick: Date) => mark.raise(tick, ticks.next(tick)),
    served: (tick: Date) =>
      until(`the tick ${tick.toISOString()}`, async () => ((await mark.read()).last ?? 0) >= tick),
    async start(skew: number) {
      const scheduler = startSchedulerProcess(config, skew);
      running.add(scheduler);
      await scheduler.ready();
      return scheduler;
    },
    async close() {
      await worker.close();
      connection.disconnect();
    },
  };
}

/** So many ticks that follow one another, over a night on which clocks leap. */
function ticksFrom(first: Date, many: number): Date[] {
  const found = [first];
  while (found.length < many) found.push(ticks.next(found.at(-1) ?? first));
  return found;
}

test(`26. three schedulers whose clocks differ serve ${nights} nights once each, while they are killed`, async () => {
  const began = Date.now();
  const chance = random(26);
  const due = ticksFrom(ticks.next(new Date('2026-03-20T12:00Z')), nights);
  const schedule = await newSchedule('killed', new Date('2026-03-20T12:00Z'));
  const schedulers = await Promise.all(SKEWS.map((skew) => schedule.start(skew)));
  let restarted: Promise<unknown> = Promise.resolve();
  let kills = 0;

  /** At some moment while the clock goes over a tick; the others live until it is back. */
  async function killOne(): Promise<void> {
    await restarted;
    const victim = Math.floor(chance() * SKEWS.length);
    await randomMoment(chance, 40);
    await schedulers[victim]?.kill();
    kills += 1;
    restarted = schedule.start(SKEWS[victim] ?? 0).then((scheduler) => {
      schedulers[victim] = scheduler;
    });
  }
  for (const [night, tick] of due.entries()) {
    const killing = night % killEvery === 0 ? killOne() : undefined;
    for (const step of STEPS) {
      await schedule.turn(tick.getTime() + step);
      await randomMoment(chance, 10);
    }
    await schedule.served(tick);
    await killing;
  }
  await restarted;
  await until('the last job', () => schedule.ran.length >= nights);
  await schedule.close();

  expect(schedule.ran.toSorted()).toEqual(due.map((tick) => tick.toISOString()));
  expect(kills).toBe(Math.ceil(nights / killEvery));

  record({
    row: 26,
    ran: `${nights} nights, three schedulers 20 minutes apart, ${kills} kills`,
    came: `${schedule.ran.length} nightly jobs, ${schedule.ran.length - new Set(schedule.ran).size} twice`,
    took: Date.now() - began,
    figures: { kills, ran: schedule.ran.length },
  });
});

test('after nights on which none lived, exactly the last one is made up for', async () => {
  const due = ticksFrom(ticks.next(new Date('2026-10-20T12:00Z')), 9);
  const schedule = await newSchedule('down', new Date('2026-10-20T12:00Z'));
  await schedule.noteServed(due[0] ?? new Date());

  const back = (due[6]?.getTime() ?? 0) + 60 * MINUTE;
  await schedule.turn(back);
  await Promise.all(SKEWS.map((skew) => schedule.start(skew)));
  await schedule.turn((due[7]?.getTime() ?? 0) + 60 * MINUTE);
  await until('the next night', () => schedule.ran.length >= 2);
  await schedule.close();

  expect(schedule.ran.toSorted()).toEqual([due[6]?.toISOString(), due[7]?.toISOString()]);
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runNightlyExport } from '../../src/archive/nightly.ts';
import { folderStore } from '../../src/archive/stores/folder.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { type Servers, startServers } from '../../src/embedded/servers.ts';
import { openGraphs } from '../../src/graph/graphs.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { EXPORT_QUEUE } from '../../src/queue/jobs.ts';
import { openScheduleState } from '../../src/schedule/run-due-ticks.ts';
import { openTicks } from '../../src/schedule/ticks.ts';
import { MINUTE } from '../../src/time.ts';
import { retryingConnection } from '../../src/valkey/connections.ts';
import { openLeases } from '../../src/valkey/lease.ts';
import { repetitions } from '../support/faults/count.ts';
import { record } from '../support/faults/results.ts';
import { type SchedulerProcess, startSchedulerProcess } from '../support/faults/scheduler-process.ts';
import { random } from '../support/random.ts';
import { randomMoment, until } from '../support/wait.ts';

const nights = repetitions({ full: 200, small: 9 });
/** One of the three is killed every night, or every third night in a small run. */
const killEvery = repetitions({ full: 1, small: 3 });
const SKEWS = [-20 * MINUTE, 0, 20 * MINUTE];
/** The clock passes each tick in these steps, so that each scheduler reaches the tick at a different step. */
const STEPS = [-40, -20, -5, 0, 5, 20, 40].map((minutes) => minutes * MINUTE);
const NIGHTLY = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
const ticks = openTicks(NIGHTLY.cron, NIGHTLY.timeZone);

const MEMORIES = 8;

let servers: Servers;
let server: Servers['valkey'];
let valkey: Redis;
let falkordb: Redis;
let folder: string;
const running = new Set<SchedulerProcess>();
beforeAll(async () => {
  servers = await startServers();
  server = servers.valkey;
  valkey = retryingConnection({ host: server.host, port: server.port, tls: false });
  falkordb = retryingConnection({ host: servers.falkordb.host, port: servers.falkordb.port, tls: false });
  folder = await mkdtemp(join(tmpdir(), 'nights-'));
});
afterAll(async () => {
  await Promise.all([...running].map((scheduler) => scheduler.kill()));
  valkey?.disconnect();
  falkordb?.disconnect();
  await servers?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A schedule with a clock of its own, and a worker that runs its jobs. */
async function newSchedule(name: string, from: Date, eachNight: () => Promise<void> = async () => {}) {
  const address = { host: server.host, port: server.port, tls: false };
  const config: Config = { ...loadConfig({}), valkey: address, queuePrefix: `{${name}}`, nightly: NIGHTLY };
  const ran: string[] = [];
  const connection = retryingConnection(address);
  const work = async ({ data }: Job) => {
    await eachNight();
    ran.push(data.tick);
  };
  const worker = new Worker(EXPORT_QUEUE, work, { connection, prefix: config.queuePrefix });
  const mark = openScheduleState(valkey, config.queuePrefix);
  const turn = (to: number) => valkey.set(`${config.queuePrefix}:clock`, to);
  await turn(from.getTime());
  return {
    ran,
    turn,
    noteServed: (tick: Date) => mark.advance(tick, ticks.next(tick)),
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

/** Memories that are exported and verified each night; `proven` has the number of verified graphs per night. */
async function newMemories() {
  const address = { host: servers.falkordb.host, port: servers.falkordb.port, tls: false };
  const journal = openJournal(valkey);
  const graphs = openGraphs(address, { journal });
  const leases = openLeases(valkey, 15_000);
  const store = folderStore(folder);
  for (let number = 0; number < MEMORIES; number += 1)
    await graphs
      .group(`memory-${number}`)
      .change('MERGE (:Entity {uuid: $uuid, name: $uuid})', { uuid: `harbor-${number}` });
  const proven: { proven: number; graphs: number }[] = [];
  const told = { onWritten: async () => {}, onRestoreTest: async () => {}, onProgress: () => {} };
  const keep = { daily: 1, weekly: 0, monthly: 0 };
  const parts = { graphs, leases, store, keep, installation: async () => 'nights', trim: journal.trim };
  return {
    proven,
    async night() {
      const nights = [];
      for (const group of await graphs.groups()) nights.push(await runNightlyExport(parts, group, told));
      const there = (await falkordb.keys('*')).filter((key) => !key.startsWith('telemetry'));
      proven.push({ proven: nights.filter(({ file }) => file !== null).length, graphs: there.length });
    },
    close() {
      graphs.close();
      leases.close();
    },
  };
}

/** Consecutive ticks across a night with a clock change. */
function ticksFrom(first: Date, many: number): Date[] {
  const found = [first];
  while (found.length < many) found.push(ticks.next(found.at(-1) ?? first));
  return found;
}

test(`26. three schedulers with different clocks run ${nights} nights of ${MEMORIES} memories exactly once each, while being killed`, async () => {
  const began = Date.now();
  const chance = random(26);
  const due = ticksFrom(ticks.next(new Date('2026-03-20T12:00Z')), nights);
  const memories = await newMemories();
  const schedule = await newSchedule('killed', new Date('2026-03-20T12:00Z'), memories.night);
  const schedulers = await Promise.all(SKEWS.map((skew) => schedule.start(skew)));
  let restarted: Promise<unknown> = Promise.resolve();
  let kills = 0;

  /** At some moment while the clock passes a tick; the others run until it is back. */
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
  memories.close();

  expect(schedule.ran.toSorted()).toEqual(due.map((tick) => tick.toISOString()));
  expect(memories.proven).toEqual(due.map(() => ({ proven: MEMORIES, graphs: MEMORIES })));
  expect(kills).toBe(Math.ceil(nights / killEvery));

  record({
    row: 26,
    ran: `${nights} nights of ${MEMORIES} memories, three schedulers with clocks 20 minutes apart, ${kills} kills`,
    came: `${memories.proven.reduce((sum, { proven }) => sum + proven, 0)} archives restore-tested, ${schedule.ran.length} nightly jobs, ${schedule.ran.length - new Set(schedule.ran).size} run twice`,
    took: Date.now() - began,
    figures: { kills, ran: schedule.ran.length },
  });
});

test('26. after nights on which no scheduler was running, exactly the last night is made up', async () => {
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

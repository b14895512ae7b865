import { type ScheduledTask, schedule } from 'node-cron';
import type { Config } from '../src/config.ts';
import type { NightlyExports } from '../src/queue/nightly-exports.ts';
import { runDueTicks } from '../src/schedule/run-due-ticks.ts';
import { openTicks, type Ticks } from '../src/schedule/ticks.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import { trace } from '../src/telemetry/tracing.ts';
import { SECOND } from '../src/time.ts';
import type { Observers } from './job-failure.ts';
import { runPeriodically } from './run-periodically.ts';

/** The schedule of nightly exports. */
export interface Scheduler {
  /** Returns a function that stops the schedule. While Valkey does not answer, the schedule reports it and checks again. */
  start(nights: NightlyExports, observers?: Observers): Promise<() => Promise<void>>;
}

/**
 * How often each worker checks whether a tick is due, by Valkey's clock: for ticks that were missed, and for machines whose own clock
 * is wrong.
 */
const CHECK_EVERY = 10 * SECOND;

/** @throws ConfigError when MEMORY_EXPORT_CRON cannot be used */
export function openScheduler({ nightly }: Config): Scheduler {
  const ticks = nightly && openTicks(nightly.cron, nightly.timeZone);
  return {
    async start(nights, observers = {}) {
      if (ticks) return keepSchedule(ticks, nights, observers);
      await nights.noteNext(null).catch((error: unknown) => observers.onNotice?.(redactError(error).message));
      return async () => {};
    },
  };
}

async function keepSchedule(ticks: Ticks, nights: NightlyExports, observers: Observers): Promise<() => Promise<void>> {
  const alarm = openAlarm(() => check());
  const check = scheduleCheck(ticks, nights, observers, alarm.set);
  await check();
  const checks = runPeriodically(CHECK_EVERY, check);
  return async () => {
    alarm.clear();
    await checks.end();
  };
}

/**
 * Wakes at one moment: node-cron gets a cron expression for that date and time, never MEMORY_EXPORT_CRON itself. When the machine's clock is
 * set forward, node-cron 4.6 steps through every tick in between and blocks the process meanwhile.
 */
function openAlarm(wake: () => Promise<void>) {
  let armed: { readonly at: number; readonly task: ScheduledTask } | undefined;
  const clear = () => {
    void armed?.task.destroy();
    armed = undefined;
  };
  return {
    clear,
    set(moment: Date): void {
      const at = moment.getTime();
      if (armed?.at === at) return;
      clear();
      const [month, day, hour] = [moment.getUTCMonth() + 1, moment.getUTCDate(), moment.getUTCHours()];
      const expression = `${moment.getUTCSeconds()} ${moment.getUTCMinutes()} ${hour} ${day} ${month} *`;
      const task = schedule(expression, wake, { timezone: 'UTC', unref: true, suppressMissedWarning: true });
      armed = { at, task };
    },
  };
}

function scheduleCheck(
  ticks: Ticks,
  nights: NightlyExports,
  { metrics, onNotice = () => {} }: Observers,
  setAlarm: (moment: Date) => void,
): () => Promise<void> {
  let lastMessage = '';
  let isNoted = false;
  const noteNext = async () => {
    const { now } = await nights.schedule.read();
    await nights.noteNext(ticks.next(now));
    isNoted = true;
  };
  const serve = (tick: Date) =>
    trace('memory.schedule', { tags: { tick: tick.toISOString() } }, () => nights.add(tick));
  return async () => {
    try {
      if (!isNoted) await noteNext();
      const served = await runDueTicks(ticks, nights.schedule, serve);
      setAlarm(ticks.next(new Date()));
      if (served) metrics?.increment('opencode.memory.schedule.ticks');
      lastMessage = '';
    } catch (error) {
      // The tick stays due; the next check serves it.
      const { message } = redactError(error);
      if (message !== lastMessage) onNotice(message);
      lastMessage = message;
    }
  };
}

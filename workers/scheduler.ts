import { schedule } from 'node-cron';
import type { Config } from '../src/config.ts';
import type { Nights } from '../src/queue/nights.ts';
import { serveDue } from '../src/schedule/due.ts';
import { openTicks, type Ticks } from '../src/schedule/ticks.ts';
import { harmless } from '../src/telemetry/harmless.ts';
import { trace } from '../src/telemetry/tracing.ts';
import type { Told } from './job-fate.ts';

/** Keeps the schedule. */
export interface Schedule {
  /** Gives what ends it. While Valkey does not answer it only says so, and looks again. */
  start(nights: Nights, told?: Told): Promise<() => Promise<void>>;
}

/**
 * node-cron only wakes us: it remembers nothing of what was missed. Every worker looks this often whether a tick is due, by Valkey's
 * clock. Where the machine's own clock is set back node-cron 4.6 rests for as long; a tick is then late or another worker's.
 */
const LOOKS = '*/10 * * * * *';

/** @throws ConfigError when MEMORY_EXPORT_CRON cannot be used */
export function openSchedule({ nightly }: Config): Schedule {
  const ticks = nightly && openTicks(nightly.cron, nightly.timeZone);
  return {
    async start(nights, told = {}) {
      if (ticks) return keep(ticks, nights, told);
      await nights.noteNext(null).catch((error: unknown) => told.onNotice?.(harmless(error).message));
      return async () => {};
    },
  };
}

async function keep(ticks: Ticks, nights: Nights, told: Told): Promise<() => Promise<void>> {
  const look = looking(ticks, nights, told);
  const task = schedule(LOOKS, look, { unref: true, suppressMissedWarning: true });
  await look();
  return async () => {
    await task.destroy();
  };
}

function looking(ticks: Ticks, nights: Nights, { metrics, onNotice = () => {} }: Told): () => Promise<void> {
  let said = '';
  let isNoted = false;
  const noteNext = async () => {
    const { now } = await nights.mark.read();
    await nights.noteNext(ticks.next(now));
    isNoted = true;
  };
  const serve = (tick: Date) =>
    trace('memory.schedule', { tags: { tick: tick.toISOString() } }, () => nights.add(tick));
  return async () => {
    try {
      if (!isNoted) await noteNext();
      const served = await serveDue(ticks, nights.mark, serve);
      if (served) metrics?.increment('opencode.memory.schedule.ticks');
      said = '';
    } catch (error) {
      // The tick stays due; the next look serves it.
      const { message } = harmless(error);
      if (message !== said) onNotice(message);
      said = message;
    }
  };
}

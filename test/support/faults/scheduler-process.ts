import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../../src/config.ts';
import { environmentOf } from '../command-line.ts';
import { until } from '../wait.ts';

const MAIN = fileURLToPath(new URL('scheduler.ts', import.meta.url));

/** A process that runs the schedule of `config` by a clock that the test sets, in Valkey's key `<prefix>:clock`. */
export interface SchedulerProcess {
  /** Waits until the scheduler has checked the schedule for the first time. */
  ready(): Promise<void>;
  /** `kill -9`; resolves when the process has ended. */
  kill(): Promise<void>;
}

/** @param skew error of the process's clock in milliseconds */
export function startSchedulerProcess(config: Config, skew: number): SchedulerProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child: ChildProcess = spawn(process.execPath, [MAIN, String(skew)], {
    env: { PATH, HOME, ...environmentOf(config), MEMORY_EXPORT_TZ: config.nightly?.timeZone ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  let hasEnded = false;
  const ended = once(child, 'close').then(() => {
    hasEnded = true;
  });
  return {
    async ready() {
      await until('the scheduler that looks', () => {
        if (hasEnded) throw new Error(`The scheduler ended before it was ready: ${output}`);
        return output.includes('looks');
      });
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

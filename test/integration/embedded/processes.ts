import { readFile } from 'node:fs/promises';
import { until } from '../../support/wait.ts';

/** True while the process runs; one that has ended and only waits to be reaped does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status !== '' && !/\) Z /.test(status);
}

/** Waits until none of them runs. */
export function allEnded(pids: number[]): Promise<boolean> {
  return until('their end', async () => !(await Promise.all(pids.map(isRunning))).includes(true));
}

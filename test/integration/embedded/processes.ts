import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** True while the process runs; one that has ended and only waits to be reaped does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status !== '' && !/\) Z /.test(status);
}

/** Waits until none of them runs; false when some still do after 10 s. */
export async function allEnded(pids: number[]): Promise<boolean> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(20)) {
    const running = await Promise.all(pids.map(isRunning));
    if (!running.includes(true)) return true;
  }
  return false;
}

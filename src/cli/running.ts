import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { runningFile } from '../home.ts';
import { SECOND } from '../time.ts';

const note = z.object({
  /** What the commands need to find the servers; names as in the environment. */
  settings: z.record(z.string(), z.string()),
  /** Without `worker` while `up` is still starting it. */
  pids: z.object({ worker: z.optional(z.number()), valkey: z.optional(z.number()), falkordb: z.optional(z.number()) }),
});

/** What `up` started. */
export type Running = z.output<typeof note>;

export async function readNote(home: string): Promise<Running | undefined> {
  const text = await readFile(runningFile(home), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return note.parse(JSON.parse(text));
  } catch {
    // Half a note from a crash tells nothing; what it started has ended or will be found by its folder.
    return undefined;
  }
}

/** Private: it may hold a password. */
export async function writeNote(home: string, running: Running): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(runningFile(home), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
}

export async function removeNote(home: string): Promise<void> {
  await rm(runningFile(home), { force: true });
}

/** True while the process runs and is one of ours: after a reboot its number may belong to anybody. */
async function isOurs(pid: number | undefined): Promise<boolean> {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return line === undefined || /valkey|redis|worker/.test(line);
}

/** True while all that belongs to a memory runs: the worker, and the servers if they are ours. */
export async function allRun({ pids }: Running): Promise<boolean> {
  const ours = await Promise.all(Object.values({ worker: undefined, ...pids }).map((pid) => isOurs(pid)));
  return ours.every((is) => is);
}

/** True while the servers run that `up` started here; programs that wait for their episodes are connected to them. */
export async function serversRun({ pids: { valkey, falkordb } }: Running): Promise<boolean> {
  return (await isOurs(valkey)) && (await isOurs(falkordb));
}

/** Ends the worker first, which ends its jobs, then the servers. */
export async function stop({ pids }: Running): Promise<void> {
  await end(pids.worker, 12 * SECOND);
  await Promise.all([end(pids.valkey, 10 * SECOND), end(pids.falkordb, 10 * SECOND)]);
}

/** Asks a process to end and waits for it; by force after `limit` milliseconds. */
async function end(pid: number | undefined, limit: number): Promise<void> {
  if (pid === undefined || !(await isOurs(pid))) return;
  process.kill(pid, 'SIGTERM');
  for (const last = Date.now() + limit; Date.now() < last; await sleep(50)) if (!(await isOurs(pid))) return;
  process.kill(pid, 'SIGKILL');
}

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import writeFileAtomic from 'write-file-atomic';
import * as z from 'zod/mini';
import { PID_FILE } from '../embedded/data-folder.ts';
import { startedWith, startOf, workingFolderOf } from '../embedded/identity.ts';
import { runningFile, serverLink } from '../home.ts';
import { readJsonFile } from '../json.ts';
import { SECOND } from '../time.ts';

const PARTS = ['worker', 'valkey', 'falkordb'] as const;
type Part = (typeof PARTS)[number];

const eachPart = <T extends z.ZodMiniType>(shape: T) =>
  z.object({ worker: z.optional(shape), valkey: z.optional(shape), falkordb: z.optional(shape) });

const note = z.object({
  /** The settings by which commands find the servers; names as in the environment. */
  settings: z.record(z.string(), z.string()),
  /** Without `worker` while `up` is still starting it. */
  pids: eachPart(z.number()),
  /** Start time of each process; missing in notes of earlier releases. */
  started: z._default(eachPart(z.string()), {}),
});

/** What `up` started. */
export type Running = z.output<typeof note>;

/** Servers that an unreadable note named are found by their folders. */
export const readNote = (home: string): Running | undefined => readJsonFile(runningFile(home), note);

/** Private, since it holds passwords, and never half written. */
export async function writeNote(home: string, running: Running): Promise<void> {
  await writeFileAtomic(runningFile(home), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  const { VALKEY_PORT, FALKORDB_PORT } = running.settings;
  await linkServers(home, running.pids.valkey === undefined ? [] : [VALKEY_PORT, FALKORDB_PORT]);
}

export async function removeNote(home: string): Promise<void> {
  await rm(runningFile(home), { force: true });
  await linkServers(home, []);
}

/** For programs that know a port but not the home: by these links they find the password. */
async function linkServers(home: string, ports: readonly (string | undefined)[]): Promise<void> {
  const folder = dirname(serverLink(process.env, '0'));
  try {
    if (ports.length > 0) await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      const target = await readlink(join(folder, name)).catch(() => undefined);
      if (target === home || (target !== undefined && !existsSync(target)))
        await rm(join(folder, name), { force: true });
    }
    for (const port of ports.filter((port) => port !== undefined)) {
      await rm(serverLink(process.env, port), { force: true });
      await symlink(home, serverLink(process.env, port));
    }
  } catch {
    // The data folder of this user is not writable, or another `up` has just made the same link.
  }
}

/** Adds a process that was just started. */
export async function addProcess(running: Running, part: Part, pid: number | undefined): Promise<void> {
  const start = pid === undefined ? undefined : await startOf(pid);
  if (pid !== undefined) running.pids[part] = pid;
  if (start !== undefined) running.started[part] = start;
}

/** The servers that run in the folders of a home, for when the note that named them is lost. */
export async function serversByFolder(home: string): Promise<Running> {
  const running: Running = { settings: {}, pids: {}, started: {} };
  for (const part of ['valkey', 'falkordb'] as const) {
    const pid = Number(await readFile(join(home, part, PID_FILE), 'utf8').catch(() => ''));
    if (pid > 0 && (await worksIn(home, part, pid))) await addProcess(running, part, pid);
  }
  return running;
}

/**
 * True while the recorded process runs, and not another one with the same id: it has the recorded start time and runs in this
 * home. Notes of earlier releases have no start time; then only the home is compared, where the system shows it.
 */
async function isOurs(home: string, part: Part, { pids, started }: Running): Promise<boolean> {
  const pid = pids[part];
  const start = pid === undefined ? undefined : await startOf(pid);
  if (pid === undefined || start === undefined) return false;
  const noted = started[part];
  if (noted !== undefined && noted !== start) return false;
  return (await worksIn(home, part, pid)) ?? noted !== undefined;
}

/** Undefined where the system does not show the folder of a process. */
async function worksIn(home: string, part: Part, pid: number): Promise<boolean | undefined> {
  const resolved = (path: string) => realpath(path).catch(() => path);
  if (part !== 'worker') {
    const folder = await workingFolderOf(pid);
    return folder === undefined ? undefined : folder === (await resolved(join(home, part)));
  }
  const process = await startedWith(pid);
  if (process === undefined) return undefined;
  const { command, environment } = process;
  return command.includes('worker') && (await resolved(environment.MEMORY_HOME ?? '')) === (await resolved(home));
}

/** True while the worker runs, and the servers if `up` started them. */
export async function allRun(home: string, running: Running): Promise<boolean> {
  const { valkey, falkordb } = running.pids;
  const parts = PARTS.filter((part) => part === 'worker' || (valkey ?? falkordb) !== undefined);
  return (await Promise.all(parts.map((part) => isOurs(home, part, running)))).every((is) => is);
}

/** True while the servers that `up` started here run; waiting programs are connected to them. */
export async function serversRun(home: string, running: Running): Promise<boolean> {
  return (await isOurs(home, 'valkey', running)) && (await isOurs(home, 'falkordb', running));
}

/** Stops the worker, which finishes its jobs, then the servers. False when none was running. */
export async function stop(home: string, running: Running): Promise<boolean> {
  const worker = await end(home, 'worker', running, 12 * SECOND);
  const servers = await Promise.all([
    end(home, 'valkey', running, 10 * SECOND),
    end(home, 'falkordb', running, 10 * SECOND),
  ]);
  return [worker, ...servers].includes(true);
}

/** Sends SIGTERM, waits, and sends SIGKILL after `limit` milliseconds. Before each signal the process is proven to be ours. */
async function end(home: string, part: Part, running: Running, limit: number): Promise<boolean> {
  const pid = running.pids[part];
  if (pid === undefined || !(await isOurs(home, part, running))) return false;
  for (const [signal, patience] of [
    ['SIGTERM', limit],
    ['SIGKILL', 5 * SECOND],
  ] as const) {
    process.kill(pid, signal);
    for (const last = Date.now() + patience; Date.now() < last; await sleep(50))
      if (!(await isOurs(home, part, running))) return true;
  }
  return true;
}

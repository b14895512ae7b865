import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, readlink, realpath, rm, symlink } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import writeFileAtomic from 'write-file-atomic';
import * as z from 'zod/mini';
import { PID_FILE } from '../embedded/data-folder.ts';
import { commandOf, processStartTime, workingFolderOf } from '../embedded/process-identity.ts';
import { runningFile, serverLink } from '../home.ts';
import { readJsonFile } from '../json.ts';
import { SECOND } from '../time.ts';
import { logFile } from './logs.ts';
import { failuresShape } from './restart-policy.ts';

const PROCESS_NAMES = ['worker', 'valkey', 'falkordb', 'supervisor'] as const;
export type ProcessName = (typeof PROCESS_NAMES)[number];

const eachPart = <T extends z.ZodMiniType>(shape: T) =>
  z.object({
    worker: z.optional(shape),
    valkey: z.optional(shape),
    falkordb: z.optional(shape),
    supervisor: z.optional(shape),
  });

const note = z.object({
  /** The settings by which commands find the servers; names as in the environment. */
  settings: z.record(z.string(), z.string()),
  /** Without `worker` while `up` is still starting it. */
  pids: eachPart(z.number()),
  /** Start time of each process; missing in notes of earlier releases. */
  started: z._default(eachPart(z.string()), {}),
  /** The latest failures of each process, written by the supervisor; empty after `up` has started the processes. */
  failures: z._default(eachPart(failuresShape), {}),
});

/** The processes that `up` started, with their settings. */
export type RunningProcesses = z.output<typeof note>;

export const noProcesses = (): RunningProcesses => ({ settings: {}, pids: {}, started: {}, failures: {} });

/** Undefined if nothing was started, or the file is unreadable. */
export const readRunningFile = (home: string): RunningProcesses | undefined => readJsonFile(runningFile(home), note);

/** Private, since it holds passwords, and never half written. */
export async function writeRunningFile(home: string, running: RunningProcesses): Promise<void> {
  await writeFileAtomic(runningFile(home), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  await writeLastServers(home, running);
  const { VALKEY_PORT, FALKORDB_PORT } = running.settings;
  await linkServers(home, running.pids.valkey === undefined ? [] : [VALKEY_PORT, FALKORDB_PORT]);
}

export async function removeRunningFile(home: string): Promise<void> {
  await rm(runningFile(home), { force: true });
  await linkServers(home, []);
}

const lastServers = z.object({
  VALKEY_PORT: z.string(),
  FALKORDB_PORT: z.string(),
  VALKEY_PASSWORD: z.string(),
  FALKORDB_PASSWORD: z.string(),
});

/** Ports and passwords of the servers that the last `up` started. */
export type LastServers = z.output<typeof lastServers>;

/** Undefined where `up` has never started servers, or their note is unreadable. */
export const readLastServers = (home: string): LastServers | undefined =>
  readJsonFile(join(home, LAST_SERVERS), lastServers);

const LAST_SERVERS = 'last-servers.json';

/** After `down`, the next `up` gives its servers the same ports and passwords, so that programs that run meanwhile find them again. */
async function writeLastServers(home: string, { settings, pids }: RunningProcesses): Promise<void> {
  const { data } = lastServers.safeParse(settings);
  if (data && pids.valkey !== undefined)
    await writeFileAtomic(join(home, LAST_SERVERS), `${JSON.stringify(data, null, 2)}\n`, { mode: 0o600 });
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
export async function addProcess(running: RunningProcesses, part: ProcessName, pid: number | undefined): Promise<void> {
  const start = pid === undefined ? undefined : await processStartTime(pid);
  if (pid !== undefined) running.pids[part] = pid;
  if (start !== undefined) running.started[part] = start;
}

/**
 * The processes of a home: those of the file, and the servers found by their folders. A server is missing from the file if the
 * note is lost, or if the process that started the server was killed before it wrote the note.
 */
export async function findProcesses(home: string): Promise<RunningProcesses> {
  const running = readRunningFile(home) ?? noProcesses();
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
export async function isOurProcess(
  home: string,
  part: ProcessName,
  { pids, started }: RunningProcesses,
): Promise<boolean> {
  const pid = pids[part];
  const start = pid === undefined ? undefined : await processStartTime(pid);
  if (pid === undefined || start === undefined) return false;
  const noted = started[part];
  if (noted !== undefined && noted !== start) return false;
  return (await worksIn(home, part, pid)) ?? noted !== undefined;
}

const COMMANDS = { worker: 'worker', supervisor: 'supervise' } as const;

/** Undefined where the system does not show the folder of a process. */
async function worksIn(home: string, part: ProcessName, pid: number): Promise<boolean | undefined> {
  const resolved = (path: string) => realpath(path).catch(() => path);
  if (part === 'valkey' || part === 'falkordb') {
    const folder = await workingFolderOf(pid);
    return folder === undefined ? undefined : folder === (await resolved(join(home, part)));
  }
  const process = await commandOf(pid);
  if (process === undefined) return undefined;
  const { command, environment } = process;
  return command.includes(COMMANDS[part]) && (await resolved(environment.MEMORY_HOME ?? '')) === (await resolved(home));
}

/**
 * Waits for a line in our pipe, then becomes the program. When we are killed before the process is noted, the pipe ends without a line
 * and the process ends too: no process runs that the note does not name. `exec` keeps the process id that was noted.
 */
const ONCE_NOTED = 'read -r _ <&3 || exit 1; exec 3<&-; exec "$@"';

/** Starts a worker in the background, with the settings of the note and the environment of this process, and adds it to the note. */
export const startWorker = (home: string, running: RunningProcesses): Promise<ChildProcess> =>
  startInBackground(home, 'worker', running.settings.MEMORY_CONFIG ? [] : ['--no-config'], running);

/** Starts the process that restarts the others when they die, and adds it to the note. */
export async function startSupervisor(home: string, running: RunningProcesses): Promise<void> {
  await startInBackground(home, 'supervisor', [], running);
}

async function startInBackground(
  home: string,
  part: keyof typeof COMMANDS,
  args: readonly string[],
  running: RunningProcesses,
): Promise<ChildProcess> {
  const log = await open(logFile(home, part), 'a', 0o600);
  const command = [process.execPath, process.argv[1] ?? '', COMMANDS[part], ...args];
  const child = spawn('/bin/sh', ['-c', ONCE_NOTED, 'memory-manager', ...command], {
    detached: true,
    env: { ...process.env, ...running.settings, MEMORY_HOME: home },
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
  });
  // Without a process id the caller knows; without a listener the event would end this process.
  child.on('error', () => {});
  child.unref();
  // Node leaves `stdio` undefined when no more files may be opened.
  const pipe = (child.stdio as typeof child.stdio | undefined)?.[3] as Socket | undefined;
  pipe?.on('error', () => {});
  try {
    await log.close();
    await addProcess(running, part, child.pid);
    await writeRunningFile(home, running);
    await new Promise<void>((resolve) => (pipe ? pipe.end('\n', () => resolve()) : resolve()));
  } finally {
    pipe?.destroy();
  }
  return child;
}

/** True while the worker runs, and the servers if `up` started them. */
export async function areAllRunning(home: string, running: RunningProcesses): Promise<boolean> {
  return (await Promise.all(runningProcessNames(running).map((part) => isOurProcess(home, part, running)))).every(
    (is) => is,
  );
}

/** The processes that the supervisor watches: servers before the worker, which needs them. */
export const runningProcessNames = ({ pids }: RunningProcesses): readonly Exclude<ProcessName, 'supervisor'>[] =>
  (pids.valkey ?? pids.falkordb) === undefined ? ['worker'] : ['valkey', 'falkordb', 'worker'];

/** True while the servers that `up` started here run; waiting programs are connected to them. */
export async function areServersRunning(home: string, running: RunningProcesses): Promise<boolean> {
  return (await isOurProcess(home, 'valkey', running)) && (await isOurProcess(home, 'falkordb', running));
}

/** Ends the supervisor first, so that it does not restart the processes that are stopped next. False when it was not running. */
export const stopSupervisor = (home: string, running: RunningProcesses): Promise<boolean> =>
  terminateProcess(home, 'supervisor', running, 5 * SECOND);

/** Stops the supervisor, the worker, which finishes its jobs, then the servers. False when none was running. */
export async function stopProcesses(home: string, running: RunningProcesses): Promise<boolean> {
  const supervisor = await stopSupervisor(home, running);
  const worker = await terminateProcess(home, 'worker', running, 12 * SECOND);
  const servers = await Promise.all([
    terminateProcess(home, 'valkey', running, 10 * SECOND),
    terminateProcess(home, 'falkordb', running, 10 * SECOND),
  ]);
  return [supervisor, worker, ...servers].includes(true);
}

/** Sends SIGTERM, waits, and sends SIGKILL after `limit` milliseconds. Before each signal the process is proven to be ours. */
export async function terminateProcess(
  home: string,
  part: ProcessName,
  running: RunningProcesses,
  limit: number,
): Promise<boolean> {
  const pid = running.pids[part];
  if (pid === undefined || !(await isOurProcess(home, part, running))) return false;
  for (const [signal, patience] of [
    ['SIGTERM', limit],
    ['SIGKILL', 5 * SECOND],
  ] as const) {
    process.kill(pid, signal);
    for (const last = Date.now() + patience; Date.now() < last; await sleep(50))
      if (!(await isOurProcess(home, part, running))) return true;
  }
  return true;
}

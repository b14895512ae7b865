import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../telemetry/log.ts';
import { SECOND } from '../time.ts';
import { withHomeLock } from './home-lock.ts';
import { exitReasonFromLog, LOGS, limitLog } from './logs.ts';
import {
  addProcess,
  areServersRunning,
  findProcesses,
  isOurProcess,
  type ProcessName,
  type RunningProcesses,
  readRunningFile,
  runningProcessNames,
  startWorker,
  terminateProcess,
  writeRunningFile,
} from './processes.ts';
import { restartDelay, withFailure } from './restart-policy.ts';
import { PROCESS_LABELS } from './supervision.ts';

/** How often it is checked that the processes run. */
const CHECKS_EVERY = 1 * SECOND;

type Watched = Exclude<ProcessName, 'supervisor'>;

/**
 * Watches the processes of a home until the note names another supervisor or none. A dead process is restarted under the lock of the
 * home, after the note was read again: `up` and `down` hold the lock while they stop processes, so what they stop is never restarted.
 *
 *   runs ──dies──▶ waits (0 to 8 s) ──▶ starts ──▶ runs
 *                    ▲                    │
 *                    └──────fails─────────┘   after 5 restarts in a row: given up
 */
export async function supervise(home: string, log: Log, stopping: AbortSignal): Promise<void> {
  const dueAt = new Map<Watched, number>();
  const locked = (work: () => Promise<void>) => withHomeLock(home, work, Number.POSITIVE_INFINITY, stopping);
  for (; isSupervised(home); await sleep(CHECKS_EVERY, undefined, { signal: stopping })) {
    limitLogs(home);
    const running = readRunningFile(home);
    if (running === undefined || !(await needsWork(home, running, dueAt))) continue;
    await locked(async () => {
      const current = isSupervised(home);
      if (current)
        for (const part of runningProcessNames(current))
          await restartIfDead({ home, log, stopping, dueAt }, current, part);
    });
  }
}

/** Whether the running file still names this process. */
function isSupervised(home: string): RunningProcesses | undefined {
  const running = existsSync(home) ? readRunningFile(home) : undefined;
  return running?.pids.supervisor === process.pid ? running : undefined;
}

/** True if a process is dead and due. The worker is not due while a server is dead, since a worker refuses to start without servers. */
async function needsWork(
  home: string,
  running: RunningProcesses,
  dueAt: ReadonlyMap<Watched, number>,
): Promise<boolean> {
  const isDue = (part: Watched) => !running.failures[part]?.gaveUp && Date.now() >= (dueAt.get(part) ?? 0);
  const dead: Watched[] = [];
  for (const part of runningProcessNames(running)) if (!(await isOurProcess(home, part, running))) dead.push(part);
  return dead.some((part) => isDue(part) && (part !== 'worker' || dead.length === 1));
}

interface Supervision {
  readonly home: string;
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** When each dead process is restarted. */
  readonly dueAt: Map<Watched, number>;
}

async function restartIfDead(supervision: Supervision, running: RunningProcesses, part: Watched): Promise<void> {
  const { home, log, dueAt } = supervision;
  if (running.failures[part]?.gaveUp || (await isOurProcess(home, part, running))) return;
  if (part === 'worker' && runningProcessNames(running).length > 1 && !(await areServersRunning(home, running))) return;
  if (!dueAt.has(part)) await recordFailure(supervision, running, part, await reasonOfEnd(home, part));
  if (running.failures[part]?.gaveUp || Date.now() < (dueAt.get(part) ?? 0)) return;
  dueAt.delete(part);
  try {
    await startAgain(supervision, running, part);
    log.info(`Restarted: ${PROCESS_LABELS[part]}, as process ${running.pids[part]}.`);
  } catch (error) {
    if (supervision.stopping.aborted) throw error;
    await recordFailure(supervision, running, part, (error as Error).message.replace(/\.$/, ''));
  }
}

async function recordFailure(
  { home, log, dueAt }: Supervision,
  running: RunningProcesses,
  part: Watched,
  reason: string,
): Promise<void> {
  const failure = withFailure(running.failures[part], reason, Date.now());
  running.failures[part] = failure;
  dueAt.set(part, failure.at + restartDelay(failure));
  await writeRunningFile(home, running);
  const next = failure.gaveUp
    ? 'It is not restarted any more; `memory-manager up` tries again.'
    : `Restart ${failure.count} follows in ${restartDelay(failure) / SECOND} s.`;
  log.warn(`Failed: ${PROCESS_LABELS[part]}, ${reason}. ${next}`);
}

async function reasonOfEnd(home: string, part: Watched): Promise<string> {
  const words = await exitReasonFromLog(home, part);
  return `its process ended${words && `; the last words of its log are "${words}"`}`;
}

/** Starts a process and adds it to the note. A server keeps its port, since clients are connected to it. */
async function startAgain({ home, stopping }: Supervision, running: RunningProcesses, part: Watched): Promise<void> {
  if (part === 'worker') return void (await startWorker(home, running));
  const { settings } = running;
  // The process that started this server was killed before it recorded the server.
  await terminateProcess(home, part, await findProcesses(home), 10 * SECOND);
  const [name, store] = part === 'valkey' ? (['Valkey', 'VALKEY'] as const) : (['FalkorDB', 'FALKORDB'] as const);
  const { startServer } = await import('../embedded/server.ts');
  const start = startServer(name, {
    dataFolder: join(home, part),
    port: Number(settings[`${store}_PORT`]),
    password: settings[`${store}_PASSWORD`],
    detached: true,
  });
  await addProcess(running, part, (await unlessStopped(start, stopping)).pid);
  await writeRunningFile(home, running);
}

function unlessStopped<T>(work: Promise<T>, stopping: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    stopping.addEventListener('abort', () => reject(stopping.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** A full disk or a lost right must not end the supervision. */
function limitLogs(home: string): void {
  for (const name of LOGS)
    try {
      limitLog(home, name);
    } catch {
      // Tried again with the next check.
    }
}

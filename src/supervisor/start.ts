import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, loadConfig, readSettings } from '../config.ts';
import { type Servers, type ServersOptions, startServers } from '../embedded/servers.ts';
import { ConfigError, StoreUnreachableError } from '../errors.ts';
import { MemoryManager } from '../memory.ts';
import { embedderProvider, languageModelProvider } from '../models/providers.ts';
import type { SettingName } from '../settings.ts';
import { MINUTE, SECOND } from '../time.ts';
import { logFile } from './logs.ts';
import {
  addProcess,
  areAllRunning,
  areServersRunning,
  findProcesses,
  isOurProcess,
  type LastServers,
  noProcesses,
  type RunningProcesses,
  readLastServers,
  readRunningFile,
  removeRunningFile,
  startSupervisor,
  startWorker,
  stopProcesses,
  stopSupervisor,
  writeRunningFile,
} from './processes.ts';

/** For a busy machine: a worker that fails is noticed at once. */
const STARTS_WITHIN = 2 * MINUTE;

/** The processes that run after `up`. */
export interface StartResult {
  readonly running: RunningProcesses;
  /** True if servers and worker ran before, so that nothing but a supervisor was started. */
  readonly wereRunning: boolean;
}

/**
 * Starts what does not run; to be called under the lock of the home. Running servers are kept, since clients are connected to them.
 * @param types the file with the users' own types
 * @throws ConfigError, StoreUnreachableError, ServersMissingError, or the reason of `stopping`; then nothing is left running
 */
export async function startMissing(
  config: Config,
  types: string | undefined,
  stopping: AbortSignal,
  onNotice: (sentence: string) => void,
): Promise<StartResult> {
  const running = readRunningFile(config.home);
  const isOpen = running?.pids.valkey !== undefined && !running.settings.VALKEY_PASSWORD;
  if (running && !isOpen && (await areAllRunning(config.home, running))) {
    await checkAnswers(running);
    if (!(await isOurProcess(config.home, 'supervisor', running))) await startSupervisor(config.home, running);
    return { running, wereRunning: true };
  }
  // A new one is started with the environment of this `up`.
  if (running) await stopSupervisor(config.home, running);
  if (isOpen && (await areServersRunning(config.home, running)))
    onNotice('Restarting the servers of an earlier release, because they had no password.');
  // When only the worker died, the servers keep running at their addresses.
  const kept =
    running && !isOpen && isNamedBy(config, running) && (await areServersRunning(config.home, running))
      ? running
      : undefined;
  if (!kept) await stopProcesses(config.home, await findProcesses(config.home));
  return { running: await startProcesses({ config, types, previous: running, kept }, stopping), wereRunning: false };
}

/** True unless the environment names other servers by now. */
function isNamedBy({ falkordb, valkey }: Config, { settings }: RunningProcesses): boolean {
  const named = [falkordb.host, falkordb.port, valkey.host, valkey.port].join();
  return (
    named === ['FALKORDB_HOST', 'FALKORDB_PORT', 'VALKEY_HOST', 'VALKEY_PORT'].map((name) => settings[name]).join()
  );
}

/** A running process may be frozen. @throws StoreUnreachableError with the command that helps */
async function checkAnswers({ settings, pids }: RunningProcesses): Promise<void> {
  const { falkordb, valkey } = loadConfig({ ...process.env, ...settings });
  const memory = new MemoryManager({ falkordb, valkey });
  try {
    const status = await memory.getStatus();
    for (const [name, { ok }] of [
      ['Valkey', status.valkey],
      ['FalkorDB', status.falkordb],
    ] as const) {
      const remedy = pids.valkey ? '`memory-manager down`, then `up`' : 'start it again';
      if (!ok) throw new StoreUnreachableError(`Already running, but ${name} does not answer: ${remedy}.`);
    }
  } finally {
    await memory.close();
  }
}

/** The plan of a start. */
interface StartPlan {
  readonly config: Config;
  /** The file with the users' own types. */
  readonly types: string | undefined;
  /** The note of the previous start. */
  readonly previous: RunningProcesses | undefined;
  /** Servers that are already running. */
  readonly kept: RunningProcesses | undefined;
}

/**
 * Starts the servers, unless they run, and a worker, and waits until the worker takes jobs. A failed or aborted start leaves nothing running.
 * @throws ConfigError, StoreUnreachableError, ServersMissingError, or the reason of `stopping`
 */
async function startProcesses(
  { config, types, previous, kept }: StartPlan,
  stopping: AbortSignal,
): Promise<RunningProcesses> {
  const { home } = config;
  // Running programs know these, such as the page, an MCP server or the plugin of an agent.
  const last = previous?.pids.valkey === undefined ? readLastServers(home) : previous.settings;
  const { servers, passwords } = kept
    ? { servers: undefined, passwords: passwordsOf(last) }
    : await startOnPreviousPorts(home, last);
  const { falkordb, valkey } = servers ?? config;
  const settings = {
    FALKORDB_HOST: falkordb.host,
    FALKORDB_PORT: String(falkordb.port),
    VALKEY_HOST: valkey.host,
    VALKEY_PORT: String(valkey.port),
    ...((servers?.own || kept?.pids.valkey) && { ...passwords, MEMORY_JOURNAL_KEY: await journalKeyOf(home) }),
    ...sharedSettings(config),
    ...(types !== undefined && { MEMORY_CONFIG: types }),
    MEMORY_EXPORT_DIR: process.env.MEMORY_EXPORT_DIR ? config.exportDir : join(home, 'exports'),
  };
  const running: RunningProcesses = { ...noProcesses(), settings };
  if (kept) {
    const others = { worker: undefined, supervisor: undefined };
    Object.assign(running.pids, kept.pids, others);
    Object.assign(running.started, kept.started, others);
  }
  try {
    if (servers?.own) {
      await addProcess(running, 'valkey', servers.valkey.pid);
      await addProcess(running, 'falkordb', servers.falkordb.pid);
    }
    // Recorded at each step, so that `down` finds the started processes even if this one is killed.
    await writeRunningFile(home, running);
    stopping.throwIfAborted();
    const worker = await startWorker(home, running);
    await waitUntilReady(worker, home, settings, stopping);
    await startSupervisor(home, running);
    return running;
  } catch (error) {
    await stopProcesses(home, running);
    await servers?.stop();
    await removeRunningFile(home);
    throw error;
  }
}

interface Passwords {
  readonly VALKEY_PASSWORD: string;
  readonly FALKORDB_PASSWORD: string;
}

/** Passwords of the environment or of the previous start, else new ones: without a password every user of the machine has access. */
function passwordsOf(last?: Partial<Passwords>): Passwords {
  const { values, origins } = readSettings();
  const passwordOf = (name: keyof Passwords) =>
    // Those of a running `up` are also among the settings.
    (origins[name] === 'environment' && values[name]) || last?.[name] || randomBytes(24).toString('base64url');
  return { VALKEY_PASSWORD: passwordOf('VALKEY_PASSWORD'), FALKORDB_PASSWORD: passwordOf('FALKORDB_PASSWORD') };
}

/**
 * The journal key of the home, created once and kept as long as its data. Journal entries of earlier releases have no HMAC.
 */
async function journalKeyOf(home: string): Promise<string> {
  const { MEMORY_JOURNAL_KEY: configured } = process.env;
  if (configured) return configured;
  const file = join(home, 'journal.key');
  const key = `${new Date().toISOString()}/${randomBytes(32).toString('base64url')}`;
  try {
    await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readFile(file, 'utf8')).trim();
  }
}

/** Settings that callers must share with the worker: recorded for them, unless their environment sets others. */
function sharedSettings(config: Config): RunningProcesses['settings'] {
  const { values, origins } = readSettings();
  const names: SettingName[] = [
    ...languageModelProvider(config).sharedSettings,
    ...embedderProvider(config).sharedSettings,
    'MEMORY_QUEUE_PREFIX',
  ];
  const configured = names.filter((name) => origins[name] !== 'default');
  const shared = configured.map((name) => [name, String(values[name])]);
  return { MEMORY_MODELS: config.models, MEMORY_EMBEDDINGS: config.embeddings.provider, ...Object.fromEntries(shared) };
}

/**
 * Starts the servers on their previous ports, which clients know. If another program uses these ports now, the servers get free ports and
 * new passwords, since clients that reconnect may have sent the previous passwords to that program.
 */
async function startOnPreviousPorts(
  home: string,
  last: RunningProcesses['settings'] | LastServers | undefined,
): Promise<{ readonly servers: Servers; readonly passwords: Passwords }> {
  const start = async (passwords: Passwords, ports: Pick<ServersOptions, 'valkeyPort' | 'falkordbPort'> = {}) => {
    const { VALKEY_PASSWORD: valkeyPassword, FALKORDB_PASSWORD: falkordbPassword } = passwords;
    const options = { dataFolder: home, detached: true, valkeyPassword, falkordbPassword, ...ports };
    return { servers: await startServers(options), passwords };
  };
  const [valkeyPort, falkordbPort] = [last?.VALKEY_PORT, last?.FALKORDB_PORT].map(Number);
  if (!valkeyPort || !falkordbPort) return start(passwordsOf());
  try {
    return await start(passwordsOf(last), { valkeyPort, falkordbPort });
  } catch (error) {
    if (error instanceof ConfigError) return start(passwordsOf());
    throw error;
  }
}

/** Waits until the worker takes jobs. @throws ConfigError with its last log line when it exits early; the reason of `stopping` */
async function waitUntilReady(
  worker: ChildProcess,
  home: string,
  settings: RunningProcesses['settings'],
  stopping: AbortSignal,
): Promise<void> {
  const { falkordb, valkey } = loadConfig({ ...process.env, ...settings });
  const memory = new MemoryManager({ falkordb, valkey });
  try {
    for (const last = Date.now() + STARTS_WITHIN; Date.now() < last; await sleep(100)) {
      stopping.throwIfAborted();
      if (worker.exitCode !== null || worker.pid === undefined) throw await lastLogLine(logFile(home, 'worker'));
      if ((await memory.getWorkerCount('export')) > 0) return;
    }
  } finally {
    await memory.close();
  }
  throw new ConfigError(
    `The worker did not start within ${STARTS_WITHIN / SECOND} s; its log is ${logFile(home, 'worker')}.`,
  );
}

async function lastLogLine(file: string): Promise<ConfigError> {
  const { logLineSentence } = await import('../telemetry/log.ts');
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return new ConfigError(`The worker did not start: ${logLineSentence(lines.at(-1) ?? '')}`);
}

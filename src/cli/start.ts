import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, loadConfig, readSettings } from '../config.ts';
import { type Servers, startServers } from '../embedded/servers.ts';
import { ConfigError } from '../errors.ts';
import { MemoryManager } from '../memory.ts';
import type { SettingName } from '../settings.ts';
import { SECOND } from '../time.ts';
import { addProcess, type Running, removeNote, stop, writeNote } from './running.ts';

const STARTS_WITHIN = 30 * SECOND;

/** What `up` has to start. */
export interface Plan {
  readonly config: Config;
  /** The file with the users' own types. */
  readonly types: string | undefined;
  /** What ran before this start. */
  readonly known: Running | undefined;
  /** Servers that run already. */
  readonly kept: Running | undefined;
}

/**
 * Starts the servers, unless they run, and a worker, and waits until the worker takes jobs. A failed or aborted start leaves nothing running.
 * @throws ConfigError, StoreUnreachableError, ServersMissingError, or the reason of `stopping`
 */
export async function start({ config, types, known, kept }: Plan, stopping: AbortSignal): Promise<Running> {
  const { home } = config;
  const passwords = passwordsOf(config);
  const servers = kept ? undefined : await startWhereTheyWere(home, known, passwords);
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
  const running: Running = { settings, pids: {}, started: {} };
  if (kept) {
    Object.assign(running.pids, kept.pids, { worker: undefined });
    Object.assign(running.started, kept.started, { worker: undefined });
  }
  try {
    if (servers?.own) {
      await addProcess(running, 'valkey', servers.valkey.pid);
      await addProcess(running, 'falkordb', servers.falkordb.pid);
    }
    // Recorded at each step, so that `down` finds the started processes even if this one is killed.
    await writeNote(home, running);
    stopping.throwIfAborted();
    const worker = await startWorker(home, settings);
    await addProcess(running, 'worker', worker.pid);
    await writeNote(home, running);
    await takesJobs(worker, home, settings, stopping);
    return running;
  } catch (error) {
    await stop(home, running);
    await servers?.stop();
    await removeNote(home);
    throw error;
  }
}

interface Passwords {
  readonly VALKEY_PASSWORD: string;
  readonly FALKORDB_PASSWORD: string;
}

/** Passwords of the environment or of the previous start, else new ones: without a password every user of the machine has access. */
function passwordsOf({ valkey, falkordb }: Config): Passwords {
  const newPassword = () => randomBytes(24).toString('base64url');
  return { VALKEY_PASSWORD: valkey.password ?? newPassword(), FALKORDB_PASSWORD: falkordb.password ?? newPassword() };
}

/**
 * The journal key of the home, made once and kept as long as its data. Entries that an earlier release wrote before that carry no HMAC.
 */
async function journalKeyOf(home: string): Promise<string> {
  const { MEMORY_JOURNAL_KEY: given } = process.env;
  if (given) return given;
  const file = join(home, 'journal.key');
  const made = `${new Date().toISOString()}/${randomBytes(32).toString('base64url')}`;
  try {
    await writeFile(file, `${made}\n`, { mode: 0o600, flag: 'wx' });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readFile(file, 'utf8')).trim();
  }
}

/** Settings that callers must share with the worker: recorded for them, unless their environment sets others. */
function sharedSettings(config: Config): Running['settings'] {
  const ofLanguage = config.models === 'openai' ? ['OPENAI_BASE_URL', 'MEMORY_LLM_MODEL'] : [];
  const ofVectors = ['MEMORY_EMBEDDING_MODEL', 'MEMORY_EMBEDDING_DIM', 'MEMORY_EMBEDDING_BASE_URL'];
  const { values, origins } = readSettings();
  const given = [...ofLanguage, ...(config.embeddings.by === 'local' ? [] : ofVectors), 'MEMORY_QUEUE_PREFIX'].filter(
    (name) => origins[name as SettingName] !== 'default',
  );
  const shared = given.map((name) => [name, String(values[name as SettingName])]);
  return { MEMORY_MODELS: config.models, MEMORY_EMBEDDINGS: config.embeddings.by, ...Object.fromEntries(shared) };
}

/** Starts the servers on their previous ports, which clients know, unless other programs use these ports now. */
async function startWhereTheyWere(home: string, known: Running | undefined, passwords: Passwords): Promise<Servers> {
  const options = {
    dataFolder: home,
    detached: true,
    valkeyPassword: passwords.VALKEY_PASSWORD,
    falkordbPassword: passwords.FALKORDB_PASSWORD,
  };
  if (!known?.pids.valkey) return startServers(options);
  const [valkeyPort, falkordbPort] = [known.settings.VALKEY_PORT, known.settings.FALKORDB_PORT].map(Number);
  try {
    return await startServers({ ...options, ...(valkeyPort && falkordbPort && { valkeyPort, falkordbPort }) });
  } catch (error) {
    if (error instanceof ConfigError) return startServers(options);
    throw error;
  }
}

const logFile = (home: string) => join(home, 'worker.log');

async function startWorker(home: string, settings: Running['settings']): Promise<ChildProcess> {
  const log = await open(logFile(home), 'a', 0o600);
  const worker = spawn(
    process.execPath,
    [process.argv[1] ?? '', 'worker', ...(settings.MEMORY_CONFIG ? [] : ['--no-config'])],
    {
      detached: true,
      env: { ...process.env, ...settings, MEMORY_HOME: home },
      stdio: ['ignore', log.fd, log.fd],
    },
  );
  await log.close();
  worker.unref();
  return worker;
}

/** Waits until the worker takes jobs. @throws ConfigError with its last log line when it exits early; the reason of `stopping` */
async function takesJobs(
  worker: ChildProcess,
  home: string,
  settings: Running['settings'],
  stopping: AbortSignal,
): Promise<void> {
  const { falkordb, valkey } = loadConfig({ ...process.env, ...settings });
  const memory = new MemoryManager({ falkordb, valkey });
  try {
    for (const last = Date.now() + STARTS_WITHIN; Date.now() < last; await sleep(100)) {
      stopping.throwIfAborted();
      if (worker.exitCode !== null || worker.pid === undefined) throw await lastWords(logFile(home));
      if ((await memory.countWorkers('export')) > 0) return;
    }
  } finally {
    await memory.close();
  }
  throw new ConfigError(`The worker did not start within ${STARTS_WITHIN / SECOND} s; its log is ${logFile(home)}.`);
}

async function lastWords(file: string): Promise<ConfigError> {
  const { sentenceOf } = await import('../telemetry/log.ts');
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return new ConfigError(`The worker did not start: ${sentenceOf(lines.at(-1) ?? '')}`);
}

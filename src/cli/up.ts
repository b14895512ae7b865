import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, loadConfig } from '../config.ts';
import { type Servers, startServers } from '../embedded/servers.ts';
import { ConfigError, StoreUnreachable } from '../errors.ts';
import { MemoryManager } from '../memory.ts';
import { checkModels } from '../models/choose.ts';
import { SECOND } from '../time.ts';
import type { Command } from './command.ts';
import { allRun, type Running, readNote, removeNote, serversRun, stop, writeNote } from './running.ts';

const STARTS_WITHIN = 30 * SECOND;

export const command: Command = {
  help: `memory-manager up

Starts Valkey, FalkorDB and a worker in the background, on free ports, with their data in
MEMORY_HOME. What runs already stays. All other commands find them by themselves.
\`memory-manager down\` stops them; the data stay.

Servers that the environment names are used instead of our own.
Models are local unless MEMORY_MODELS says otherwise.

  --json  {"settings": {…}, "pids": {…}}`,
  options: {},
  arguments: [0, 0],
  run: async (call) => {
    const config = loadConfig();
    const models = process.env.MEMORY_MODELS ? config.models : 'local';
    checkModels({ ...config, models });
    const known = await readNote(config.home);
    if (known && (await allRun(known))) {
      await checkAnswers(known);
      return say(known, 'Already running', call.json);
    }
    // Where only the worker died the servers go on, with their addresses: others are connected to them.
    const kept = known && isNamedBy(config, known) && (await serversRun(known)) ? known : undefined;
    if (known && !kept) await stop(known);
    return startUnlessStopped(config, known, kept, call.json);
  },
};

/** True unless the environment names other servers by now. */
function isNamedBy({ falkordb, valkey }: Config, { settings }: Running): boolean {
  const named = [falkordb.host, falkordb.port, valkey.host, valkey.port].join();
  return named === ['FALKORDB_HOST', 'FALKORDB_PORT', 'VALKEY_HOST', 'VALKEY_PORT'].map((it) => settings[it]).join();
}

/** Ctrl-C and SIGTERM in the middle stop what was started: the servers would outlive us. */
async function startUnlessStopped(
  config: Config,
  known: Running | undefined,
  kept: Running | undefined,
  json: boolean,
): Promise<number> {
  const stopping = new AbortController();
  const abort = () => stopping.abort();
  process.once('SIGINT', abort).once('SIGTERM', abort);
  try {
    return say(await start(config, known, kept, stopping.signal), 'Running', json);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    console.error('The start was stopped; nothing of it is left running.');
    return 1;
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

/**
 * @param known what ran before
 * @param kept servers that run already
 */
async function start(
  config: Config,
  known: Running | undefined,
  kept: Running | undefined,
  stopping: AbortSignal,
): Promise<Running> {
  await makeFolder(config.home);
  const types = await checkedTypes(config);
  const servers = kept ? undefined : await startWhereTheyWere(config.home, known);
  const { falkordb, valkey } = servers ?? config;
  const settings = {
    FALKORDB_HOST: falkordb.host,
    FALKORDB_PORT: String(falkordb.port),
    VALKEY_HOST: valkey.host,
    VALKEY_PORT: String(valkey.port),
    MEMORY_MODELS: process.env.MEMORY_MODELS ?? 'local',
    ...types,
    MEMORY_EXPORT_DIR: process.env.MEMORY_EXPORT_DIR ? config.exportDir : join(config.home, 'exports'),
  };
  const own = servers?.own ? { valkey: servers.valkey.pid, falkordb: servers.falkordb.pid } : {};
  const pids: Running['pids'] = { ...own, ...(kept && { ...kept.pids, worker: undefined }) };
  const running = { settings, pids };
  try {
    // Noted at each step and not at the end: if we are killed in the middle, `down` finds what was started.
    await writeNote(config.home, running);
    stopping.throwIfAborted();
    const worker = await startWorker(config.home, settings);
    pids.worker = worker.pid;
    await writeNote(config.home, running);
    await takesJobs(worker, config.home, settings, stopping);
    return running;
  } catch (error) {
    await stop(running);
    await servers?.stop();
    await removeNote(config.home);
    throw error;
  }
}

/** On the ports that they had, for the programs that know them, unless others took these. */
async function startWhereTheyWere(home: string, known: Running | undefined): Promise<Servers> {
  const options = { dataFolder: home, detached: true };
  if (!known?.pids.valkey) return startServers(options);
  const [valkeyPort, falkordbPort] = [known.settings.VALKEY_PORT, known.settings.FALKORDB_PORT].map(Number);
  try {
    return await startServers({ ...options, ...(valkeyPort && falkordbPort && { valkeyPort, falkordbPort }) });
  } catch (error) {
    if (error instanceof ConfigError) return startServers(options);
    throw error;
  }
}

/** A process that runs may be frozen. @throws StoreUnreachable with what to do about it */
async function checkAnswers({ settings, pids }: Running): Promise<void> {
  const { falkordb, valkey } = loadConfig({ ...process.env, ...settings });
  const memory = new MemoryManager({ falkordb, valkey });
  try {
    const status = await memory.status();
    for (const [name, { ok }] of [
      ['Valkey', status.valkey],
      ['FalkorDB', status.falkordb],
    ] as const) {
      const way = pids.valkey ? '`memory-manager down`, then `up`' : 'start it again';
      if (!ok) throw new StoreUnreachable(`Already running, but ${name} does not answer: ${way}.`);
    }
  } finally {
    await memory.close();
  }
}

/** Refused before a server is started, and noted whole, so that workers of other folders look for the same types. */
async function checkedTypes(config: Config): Promise<{ MEMORY_CONFIG?: string }> {
  const { findDefinition, loadOntology } = await import('../ontology/load.ts');
  const file = config.configFile ?? findDefinition();
  await loadOntology(file);
  return file === undefined ? {} : { MEMORY_CONFIG: file };
}

async function makeFolder(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`The folder ${home} cannot be made (${code}); check MEMORY_HOME.`, { cause: error });
  }
}

const logFile = (home: string) => join(home, 'worker.log');

async function startWorker(home: string, settings: Running['settings']): Promise<ChildProcess> {
  const log = await open(logFile(home), 'a', 0o600);
  const worker = spawn(process.execPath, [process.argv[1] ?? '', 'worker'], {
    detached: true,
    env: { ...process.env, ...settings, MEMORY_HOME: home },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  worker.unref();
  return worker;
}

/** Waits until the worker takes jobs. @throws ConfigError with its last words when it ends before, the reason of `stopping` */
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
      if ((await memory.workers('export')) > 0) return;
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

function say(running: Running, how: string, json: boolean): number {
  const { settings, pids } = running;
  if (json) {
    console.log(JSON.stringify(running));
    return 0;
  }
  console.log(`${how}:
  Valkey    ${settings.VALKEY_HOST}:${settings.VALKEY_PORT}
  FalkorDB  ${settings.FALKORDB_HOST}:${settings.FALKORDB_PORT}
  worker    process ${pids.worker}, ${settings.MEMORY_MODELS} models, exports to ${settings.MEMORY_EXPORT_DIR}
Next: npx memory-manager store "Harbor keeps its sessions in Valkey 8."`);
  return 0;
}

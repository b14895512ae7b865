import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, loadConfig } from '../config.ts';
import { startServers } from '../embedded/servers.ts';
import { ConfigError } from '../errors.ts';
import { MemoryManager } from '../memory.ts';
import { checkLocal } from '../models/choose.ts';
import { SECOND } from '../time.ts';
import type { Command } from './command.ts';
import { allRun, type Running, readNote, stop, writeNote } from './running.ts';

const STARTS_WITHIN = 30 * SECOND;

export const command: Command = {
  help: `memory-manager up

Starts Valkey, FalkorDB and a worker in the background, on free ports, with their data in MEMORY_HOME.
All other commands find them by themselves. \`memory-manager down\` stops them; the data stay.

Servers that the environment names are used instead of our own. Models are local unless MEMORY_MODELS says otherwise.

  --json  {"settings": {…}, "pids": {…}}`,
  options: {},
  arguments: [0, 0],
  run: async (call) => {
    const config = loadConfig();
    const models = process.env.MEMORY_MODELS ? config.models : 'local';
    checkLocal({ ...config, models });
    const known = await readNote(config.home);
    if (known && (await allRun(known))) return say(known, 'Already running', call.json);
    if (known) await stop(known);
    return say(await start(config), 'Running', call.json);
  },
};

async function start(config: Config): Promise<Running> {
  await makeFolder(config.home);
  const servers = await startServers({ dataFolder: config.home, detached: true });
  const settings = {
    FALKORDB_HOST: servers.falkordb.host,
    FALKORDB_PORT: String(servers.falkordb.port),
    VALKEY_HOST: servers.valkey.host,
    VALKEY_PORT: String(servers.valkey.port),
    MEMORY_MODELS: process.env.MEMORY_MODELS ?? 'local',
    MEMORY_EXPORT_DIR: process.env.MEMORY_EXPORT_DIR ? config.exportDir : join(config.home, 'exports'),
  };
  try {
    const worker = await startWorker(config.home, settings);
    const pids = { worker, ...(servers.own && { valkey: servers.valkey.pid, falkordb: servers.falkordb.pid }) };
    await writeNote(config.home, { settings, pids });
    return { settings, pids };
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

async function makeFolder(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`The folder ${home} cannot be made (${code}); check MEMORY_HOME.`, { cause: error });
  }
}

/** Starts the worker and waits until it takes jobs. @throws ConfigError with its last words when it ends before */
async function startWorker(home: string, settings: Running['settings']): Promise<number> {
  const logFile = join(home, 'worker.log');
  const log = await open(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'worker'], {
    detached: true,
    env: { ...process.env, ...settings, MEMORY_HOME: home },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  child.unref();
  const { falkordb, valkey } = loadConfig({ ...process.env, ...settings });
  const memory = new MemoryManager({ falkordb, valkey });
  try {
    for (const last = Date.now() + STARTS_WITHIN; Date.now() < last; await sleep(100)) {
      if (child.exitCode !== null || child.pid === undefined) throw await lastWords(logFile);
      if ((await memory.workers('export')) > 0) return child.pid;
    }
  } finally {
    await memory.close();
  }
  child.kill('SIGKILL');
  throw new ConfigError(`The worker did not start within ${STARTS_WITHIN / SECOND} s; its log is ${logFile}.`);
}

async function lastWords(logFile: string): Promise<ConfigError> {
  const lines = (await readFile(logFile, 'utf8')).trim().split('\n');
  return new ConfigError(`The worker did not start: ${lines.at(-1)}`);
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
Next: memory-manager store "Harbor keeps its sessions in Valkey 8."`);
  return 0;
}

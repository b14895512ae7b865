import { mkdir } from 'node:fs/promises';
import { type Config, loadConfig, readSettings, reasonForModels } from '../config.ts';
import { ConfigError, StoreUnreachableError } from '../errors.ts';
import { MemoryManager } from '../memory.ts';
import { checkModels } from '../models/choose.ts';
import { loadOntology } from '../ontology/load.ts';
import type { Command } from './command.ts';
import { withHomeLock } from './lock.ts';
import { OWN_TYPES_HELP, OWN_TYPES_OPTIONS, ownTypesFile } from './own-types.ts';
import { allRun, type Running, readNote, serversByFolder, serversRun, stop } from './running.ts';
import { type Plan, start } from './start.ts';

export const command: Command = {
  help: `memory-manager up

Starts Valkey, FalkorDB and a worker in the background, on free ports, with passwords and with
their data in MEMORY_HOME. Running servers and workers are kept. All other commands find them
automatically. \`memory-manager down\` stops them; the data stay.

Servers that the environment names are used instead of starting new ones. MEMORY_MODELS selects the
models; the default is OpenAI if there is a key, else the local models.

${OWN_TYPES_HELP}
  --json             {"settings": {…}, "pids": {…}}, without passwords`,
  options: OWN_TYPES_OPTIONS,
  arguments: [0, 0],
  run: async (call) => {
    const settings = readSettings();
    const config = loadConfig();
    checkModels(config);
    const types = await ownTypesFile('up', call, config);
    // Refused before a server is started.
    if (types !== undefined) await loadOntology(types);
    // Files of this process and its children are readable only by their owner.
    process.umask(0o077);
    await makeFolder(config.home);
    return withHomeLock(config.home, () => startWhatIsMissing(config, types, reasonForModels(settings), call.json));
  },
};

async function startWhatIsMissing(
  config: Config,
  types: string | undefined,
  reason: string,
  json: boolean,
): Promise<number> {
  const running = readNote(config.home);
  const isOpen = running?.pids.valkey !== undefined && !running.settings.VALKEY_PASSWORD;
  if (running && !isOpen && (await allRun(config.home, running))) {
    await checkAnswers(running);
    return say(running, 'Already running', reason, json);
  }
  if (isOpen && (await serversRun(config.home, running)))
    console.error('Restarting the servers of an earlier release, because they had no password.');
  // When only the worker died, the servers keep running at their addresses, since clients are connected to them.
  const kept =
    running && !isOpen && isNamedBy(config, running) && (await serversRun(config.home, running)) ? running : undefined;
  if (!kept) await stop(config.home, running ?? (await serversByFolder(config.home)));
  return startUnlessStopped({ config, types, known: running, kept }, reason, json);
}

/** True unless the environment names other servers by now. */
function isNamedBy({ falkordb, valkey }: Config, { settings }: Running): boolean {
  const named = [falkordb.host, falkordb.port, valkey.host, valkey.port].join();
  return (
    named === ['FALKORDB_HOST', 'FALKORDB_PORT', 'VALKEY_HOST', 'VALKEY_PORT'].map((name) => settings[name]).join()
  );
}

/** Ctrl-C and SIGTERM during the start stop the servers, which would otherwise outlive this process. */
async function startUnlessStopped(plan: Plan, reason: string, json: boolean): Promise<number> {
  const stopping = new AbortController();
  const abort = () => stopping.abort();
  // Not `once`: while a file is being written, `signal-exit` ends a process that has no other listener left when it is called.
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    return say(await start(plan, stopping.signal), 'Running', reason, json);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    console.error('The start was cancelled; nothing is left running.');
    return 1;
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

/** A running process may be frozen. @throws StoreUnreachableError with the command that helps */
async function checkAnswers({ settings, pids }: Running): Promise<void> {
  const { falkordb, valkey } = loadConfig({ ...process.env, ...settings });
  const memory = new MemoryManager({ falkordb, valkey });
  try {
    const status = await memory.getStatus();
    for (const [name, { ok }] of [
      ['Valkey', status.valkey],
      ['FalkorDB', status.falkordb],
    ] as const) {
      const way = pids.valkey ? '`memory-manager down`, then `up`' : 'start it again';
      if (!ok) throw new StoreUnreachableError(`Already running, but ${name} does not answer: ${way}.`);
    }
  } finally {
    await memory.close();
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

function say(running: Running, how: string, reason: string, json: boolean): number {
  const { settings, pids } = running;
  if (json) {
    const shown = Object.entries(settings).filter(([name]) => !/_(PASSWORD|KEY)$/.test(name));
    console.log(JSON.stringify({ settings: Object.fromEntries(shown), pids }));
    return 0;
  }
  console.log(`${how}:
  Valkey    ${settings.VALKEY_HOST}:${settings.VALKEY_PORT}
  FalkorDB  ${settings.FALKORDB_HOST}:${settings.FALKORDB_PORT}
  worker    process ${pids.worker}, exports to ${settings.MEMORY_EXPORT_DIR}
  models    ${settings.MEMORY_MODELS}, since ${reason}
Next: npx memory-manager store "Harbor keeps its sessions in Valkey 8."`);
  return 0;
}

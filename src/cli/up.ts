import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import {
  type Config,
  chosenAtStartReason,
  loadConfig,
  modelChoiceReason,
  readSettings,
  type Settings,
} from '../config.ts';
import { ConfigError, InvalidInputError } from '../errors.ts';
import { checkModels } from '../models/providers.ts';
import { loadOntology } from '../ontology/load.ts';
import { type LoginItem, loginItem, loginNotices, removeLoginItem, writeLoginItem } from '../supervisor/at-login.ts';
import { withHomeLock } from '../supervisor/home-lock.ts';
import { type StartResult, startMissing } from '../supervisor/start.ts';
import type { Command, CommandCall } from './command.ts';
import { TRUST_HELP, TRUST_OPTIONS, trustedOntologyFile } from './startup/trusted-config.ts';

export const command: Command = {
  help: `memory-manager up

Starts Valkey, FalkorDB and a worker in the background, on free ports, with passwords and with
their data in MEMORY_HOME. Running servers and workers are kept. All other commands find them
automatically. Processes that die are restarted. \`memory-manager down\` stops all and keeps the data.

\`--at-login\` also runs \`up\` at each login from now on: it writes a systemd user unit (Linux) or a
launchd agent (macOS), and prints how to start it at boot, too. \`--no-at-login\` removes that file
and neither starts nor stops anything.

If the environment names servers, \`up\` uses those. MEMORY_MODELS selects the models; the default is
OpenAI or another provider if there is a key, else the local models.

${TRUST_HELP}
  --at-login         start at each login, too
  --no-at-login      no longer start at login
  --json             {"settings": {…}, "pids": {…}}, without passwords`,
  options: { ...TRUST_OPTIONS, 'at-login': { type: 'boolean' }, 'no-at-login': { type: 'boolean' } },
  unknownSettings: 'all',
  arguments: [0, 0],
  run: async (call) => {
    if (call.flag('no-at-login')) return stopStartingAtLogin(call);
    const settings = readSettings();
    const config = loadConfig();
    checkModels(config);
    const types = await trustedOntologyFile('up', call, config);
    // Refused before a server is started.
    if (types !== undefined) await loadOntology(types);
    // Files of this process and its children are readable only by their owner.
    process.umask(0o077);
    await makeFolder(config.home);
    const status = await withHomeLock(config.home, () =>
      startUnlessStopped(config, types, modelChoiceReason(settings), call.json),
    );
    if (status === 0 && call.flag('at-login')) await startAtLogin(settings, types, call.json);
    return status;
  },
};

const item = (): LoginItem =>
  loginItem(process.env, { node: process.execPath, script: realpathSync(process.argv[1] ?? '') }, process.platform);

async function startAtLogin({ origins }: Settings, types: string | undefined, json: boolean): Promise<void> {
  const written = item();
  await writeLoginItem(written);
  const settings = Object.entries(origins).flatMap(([name, origin]) => (origin === 'environment' ? [name] : []));
  const names = new Set([...settings, ...(types === undefined ? [] : ['MEMORY_CONFIG'])]);
  names.delete('MEMORY_HOME');
  const lines = loginNotices(written, [...names]);
  for (const line of lines) (json ? console.error : console.log)(line);
}

async function stopStartingAtLogin(call: CommandCall): Promise<number> {
  if (call.flag('at-login')) throw new InvalidInputError('Give --at-login or --no-at-login, not both.');
  const removed = await removeLoginItem(item());
  if (call.json) console.log(JSON.stringify({ removed }));
  else if (removed.length === 0) console.log('`up` was not started at login.');
  else
    console.log(
      `Removed. \`up\` is no longer started at login; running processes keep running:\n  ${removed.join('\n  ')}`,
    );
  return 0;
}

/** Ctrl-C and SIGTERM during the start stop the servers, which would otherwise outlive this process. */
async function startUnlessStopped(
  config: Config,
  types: string | undefined,
  reason: string,
  json: boolean,
): Promise<number> {
  const stopping = new AbortController();
  const abort = () => stopping.abort();
  // Not `once`: while a file is being written, `signal-exit` ends a process that has no other listener left when it is called.
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    const started = await startMissing(config, types, stopping.signal, console.error);
    return print(started, config.models, reason, json);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    console.error('The start was cancelled; nothing is left running.');
    return 1;
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

async function makeFolder(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`The folder ${home} cannot be created (${code}); check MEMORY_HOME.`, { cause: error });
  }
}

/** @param models that the settings of this call ask for, and `reason` why; the running worker may have others */
function print({ running, wereRunning }: StartResult, models: string, reason: string, json: boolean): number {
  const { settings, pids } = running;
  const isInUse = settings.MEMORY_MODELS === models;
  if (json) {
    const shown = Object.entries(settings).filter(([name]) => !/_(PASSWORD|KEY)$/.test(name));
    console.log(JSON.stringify({ settings: Object.fromEntries(shown), pids }));
    return 0;
  }
  console.log(`${wereRunning ? 'Already running' : 'Running'}:
  Valkey    ${settings.VALKEY_HOST}:${settings.VALKEY_PORT}
  FalkorDB  ${settings.FALKORDB_HOST}:${settings.FALKORDB_PORT}
  worker    process ${pids.worker}, exports to ${settings.MEMORY_EXPORT_DIR}
  models    ${settings.MEMORY_MODELS}, because ${isInUse ? reason : chosenAtStartReason(reason)}
Next: memory-manager store "Harbor keeps its sessions in Valkey 8."
See it: memory-manager ui --open`);
  return 0;
}

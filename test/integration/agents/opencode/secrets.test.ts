import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { server } from '../../../../src/agents/opencode/plugin-hooks.ts';
import { loadConfig } from '../../../../src/config.ts';
import { MemoryManager } from '../../../../src/memory.ts';
import { plantedSecrets } from '../../../support/secrets.ts';
import { until } from '../../../support/wait.ts';
import { startWorker, useWatched } from '../../telemetry/watched.ts';
import { hostOf } from './host.ts';

const watched = useWatched();
afterEach(() => vi.unstubAllEnvs());

/** Stands in every turn: where it is not found, nothing was read. */
const SEEN = 'Lighthouse';
/** A one-time code: so few digits stand in any figure or time. */
const SHORT_NUMBER = /^[\d ]{1,8}$/;

test('spool, queue, journal, graph, archive, trace and log contain none of two hundred secrets', async (context) => {
  const { servers } = watched.stores;
  if (!servers.own) return context.skip('the files of other servers cannot be read');
  const environment = { ...watched.environment(), MEMORY_MODELS: 'local' };
  const config = loadConfig(environment);
  const hidden = plantedSecrets();

  await tellAll({ ...environment, VALKEY_PORT: '1' }, hidden);
  const spool = textIn(config.home);
  const turns = readdirSync(join(config.home, 'spool')).length;
  const worker = await startWorker(environment);
  const memory = new MemoryManager(config);
  await until('all are read', async () => (await memory.getJobCounts('store')).completed >= turns);
  await memory.export({ group: config.group });
  await memory.close();
  expect(await worker.stop()).toBe(0);

  const places: Record<string, string> = {
    spool,
    // Both servers write down every command: also what was taken out again is there.
    'queue, journal and cache': textIn(servers.valkey.dataFolder),
    graph: textIn(servers.falkordb.dataFolder),
    archive: textIn(config.exportDir),
  };
  for (const [place, text] of Object.entries(places)) expect(text, place).toContain(SEEN);
  places.trace = watched.agent.bodies.map((body) => body.toString('latin1')).join('\n');
  expect(places.trace).toContain('memory.write');
  places.log = worker.output();

  const survivors = Object.entries(places).flatMap(([place, text]) =>
    hidden.flatMap(({ name, secrets }) =>
      secrets.filter((it) => !SHORT_NUMBER.test(it) && text.includes(it)).map(() => `${place}: ${name}`),
    ),
  );
  expect(hidden.length).toBeGreaterThanOrEqual(200);
  expect(turns).toBeGreaterThanOrEqual(150);
  expect(survivors).toEqual([]);
}, 240_000);

/** Through the plugin, as the user's words, the agent's, and a tool's. */
async function tellAll(environment: Record<string, string>, hidden: readonly { text: string }[]): Promise<void> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const directory = await mkdtemp(join(tmpdir(), 'memory-project-'));
  const hooks = await server({ directory });
  const host = hostOf(hooks);
  const session = await host.newSession();
  for (const [index, { text }] of hidden.entries()) {
    const state = { input: { command: text }, output: text, title: text };
    const said = `${SEEN} ${index} uses Redis.`;
    if (index % 3 === 0) await host.turn(session, `${said}\n${text}`, 'ok');
    else if (index % 3 === 1) await host.turn(session, said, text);
    else await host.turnWithTool(session, said, 'ok', state);
  }
  await hooks.dispose?.();
  await rm(directory, { recursive: true, force: true });
  vi.unstubAllEnvs();
}

/** All files of a folder, one after the other. */
function textIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

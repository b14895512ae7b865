import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Servers, startServers } from '../../../src/embedded/servers.ts';
import { runningFile } from '../../../src/home.ts';
import { loadConfig, MemoryManager } from '../../../src/index.ts';
import { startWorkers } from '../../../workers/main.ts';
import { startCommand } from '../../support/command-line.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { skipNote, useChromium } from '../../support/page/chromium.ts';
import { until } from '../../support/wait.ts';

type OwnServers = Servers & { readonly own: true };

/** Servers with a text, as `up` starts them: with passwords, at ports that are free. */
async function startFilled(text: string, password: string): Promise<OwnServers> {
  const servers = await startServers({ env: {}, password });
  if (!servers.own) throw new Error('this test needs servers of its own');
  const address = ({ port }: { port: number }) => ({ host: '127.0.0.1', port, tls: false, password });
  const config = {
    ...loadConfig({ MEMORY_MODELS: 'local', MEMORY_EXPORT_CRON: 'off', MEMORY_HOME: join(tmpdir(), 'none') }),
    ...{ valkey: address(servers.valkey), falkordb: address(servers.falkordb), group: 'harbor' },
    health: { host: '127.0.0.1', port: 0 },
  };
  const workers = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
  const memory = new MemoryManager(config);
  await memory.waitFor(await memory.enqueueEpisode(text));
  await memory.close();
  await workers.close();
  return servers;
}

describe.skipIf(skipNote !== '')(`an open page after down and up${skipNote}`, () => {
  const tab = useChromium();
  let home: string;
  let child: ChildProcess;
  const started: OwnServers[] = [];

  /** What `up` writes. */
  async function note({ valkey, falkordb }: OwnServers, password: string): Promise<void> {
    const settings = {
      ...{ VALKEY_HOST: '127.0.0.1', VALKEY_PORT: String(valkey.port), VALKEY_PASSWORD: password },
      ...{ FALKORDB_HOST: '127.0.0.1', FALKORDB_PORT: String(falkordb.port), FALKORDB_PASSWORD: password },
    };
    await writeFile(runningFile(home), JSON.stringify({ settings, pids: {} }), { mode: 0o600 });
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'memory-moved-'));
  });
  afterAll(async () => {
    if (child?.exitCode === null) {
      child.kill('SIGINT');
      await once(child, 'close');
    }
    for (const servers of started) await servers.stop();
    await rm(home, { recursive: true, force: true });
  });

  test('says that the servers are stopped, and finds them at other ports with other passwords', async () => {
    const before = await startFilled('Harbor uses Redis.', 'first-password');
    started.push(before);
    await note(before, 'first-password');
    child = startCommand(['ui', '--port', '0', '--json'], { MEMORY_HOME: home, MEMORY_GROUP: 'harbor' });
    let printed = '';
    child.stdout?.on('data', (text) => (printed += text));
    await until('an address', () => printed.includes('\n'));
    await tab.page.goto(JSON.parse(printed).url);
    await tab.page.locator('.rows').getByText('Harbor uses Redis.').waitFor();

    await rm(runningFile(home));
    await before.stop();
    await tab.seen(/Valkey at 127\.0\.0\.1:\d+ does not answer/);
    const after = await startFilled('Harbor uses Valkey.', 'second-password');
    started.push(after);
    await note(after, 'second-password');

    await tab.page.locator('.rows').getByText('Harbor uses Valkey.').waitFor();
    await tab.page.getByText('does not answer').first().waitFor({ state: 'detached' });
    await tab.page.getByRole('link', { name: 'Queue', exact: true }).click();
    await tab.page.getByRole('row', { name: 'Texts and tasks 0 0 0 0' }).waitFor();
    await tab.page.getByRole('link', { name: 'Memories', exact: true }).click();
    await tab.page.locator('main').getByRole('link', { name: 'harbor', exact: true }).waitFor();
  });
});

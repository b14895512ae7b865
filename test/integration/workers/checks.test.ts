import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { MemoryManager } from '../../../src/memory.ts';
import type { JournalKey } from '../../../src/settings.ts';
import { SECOND } from '../../../src/time.ts';
import { readServers, type ServerInfo } from '../../../src/valkey/server-info.ts';
import { startWorkers } from '../../../workers/main.ts';
import { runStartupChecks, serverFindings } from '../../../workers/startup-checks.ts';
import { startConfigured } from '../../support/configured-server.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const KEY: JournalKey = { secret: 'a secret that Valkey never sees, of 32 and more' };

/** Starts a worker and gives what it said; it is stopped at once. */
async function started(differing: Partial<Config>): Promise<string[]> {
  const said: string[] = [];
  await using _running = await startWorkers({ ...stores.config, journalKey: KEY, ...differing }, ['store'], {
    languageModel: plainModel(),
    embedder: plainEmbedder(),
    onNotice: (sentence) => said.push(sentence),
  });
  return said;
}

async function configured(lines: readonly string[], options: { withGraphs?: boolean; password?: string } = {}) {
  const server = await startConfigured(lines, options);
  closers.push(() => server.stop());
  return { host: server.host, port: server.port, tls: false };
}

const KEEPING = ['appendonly yes', 'save ""'];

describe('a worker', () => {
  test('starts without warnings when all checks pass', async () => {
    expect(await started({})).toEqual([]);
  });

  test('refuses a Valkey that evicts data', async () => {
    const valkey = await configured([...KEEPING, 'maxmemory 100mb', 'maxmemory-policy allkeys-lru']);

    await expect(started({ valkey })).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(
        /^Valkey throws data away .*allkeys-lru\); set its maxmemory-policy to noeviction\.$/,
      ),
    });
  });

  test('refuses a FalkorDB that evicts data', async () => {
    const falkordb = await configured([...KEEPING, 'maxmemory-policy volatile-ttl'], { withGraphs: true });

    await expect(started({ falkordb })).rejects.toThrow(/^FalkorDB throws data away .*volatile-ttl/);
  });

  test('warns of servers without persistence', async () => {
    const [valkey, falkordb] = await Promise.all([
      configured(['appendonly no', 'save ""']),
      configured(['appendonly no', 'save ""'], { withGraphs: true }),
    ]);

    expect(await started({ valkey, falkordb })).toEqual([
      expect.stringMatching(/^Warning: Valkey has appendonly no: .* Set its appendonly to yes/),
      expect.stringMatching(/^Warning: FalkorDB has appendonly no/),
    ]);
  });

  test('reports once that a server which forbids CONFIG could not be checked', async () => {
    const valkey = await configured([...KEEPING, 'rename-command CONFIG ""']);

    expect(await started({ valkey })).toEqual([expect.stringMatching(/^Warning: Valkey forbids CONFIG, .*noeviction/)]);
  });

  test('reports that also when its user lacks the right', async () => {
    const user = 'user worker on >secret ~* &* +@all -config';
    const valkey = await configured([...KEEPING, 'user default on >other ~* &* +@all', user], { password: 'other' });

    const said = await started({ valkey: { ...valkey, username: 'worker', password: 'secret' } });

    expect(said).toEqual([expect.stringMatching(/^Warning: Valkey forbids CONFIG/)]);
  });

  test('refuses a FalkorDB without the graph module', async () => {
    const falkordb = await configured(KEEPING);

    await expect(started({ falkordb })).rejects.toMatchObject({
      name: 'WrongServerError',
      message: expect.stringMatching(/^The server at .* is a plain Redis or Valkey without the FalkorDB module/),
    });
  });

  test('refuses a FalkorDB as its Valkey', async () => {
    await expect(started({ valkey: stores.config.falkordb })).rejects.toMatchObject({
      name: 'WrongServerError',
      message: expect.stringMatching(
        /^The server at .* is FalkorDB, .* set VALKEY_HOST and VALKEY_PORT to a separate Valkey/,
      ),
    });
  });

  test.each([
    ['4.16.99', []],
    [
      '4.17.0',
      [
        expect.stringMatching(
          /^FalkorDB's module is 4\.17\.0, newer than the 4\.16 that memory-manager was tested with/,
        ),
      ],
    ],
    ['6.2.0', [expect.stringMatching(/^FalkorDB's module is 6\.2\.0, newer than/)]],
  ])('on FalkorDB %s warns %j', async (falkordb, warnings) => {
    const [facts] = (await readServers('FalkorDB', stores.config.falkordb)) as [ServerInfo];

    expect(serverFindings('FalkorDB', { ...facts, falkordb }).warnings).toEqual(warnings);
  });

  test('warns of a graph written by another embedder, which only a worker can convert', async () => {
    const config = { ...stores.config, journalKey: KEY, group: newGroup(), queuePrefix: `{${newGroup()}}` };
    const running = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
    const memory = new MemoryManager(config);
    closers.push(() => memory.close());
    await memory.storeEpisode('Harbor uses Redis.');
    await until('the commit', async () => (await memory.getJobCounts('store')).completed === 1);
    await running.close();

    const said: string[] = [];
    const other = await startWorkers(config, ['store'], {
      languageModel: plainModel(),
      embedder: { ...plainEmbedder(), model: 'another' },
      onNotice: (sentence) => said.push(sentence),
    });
    closers.push(() => other.close());

    expect(said).toEqual([
      expect.stringMatching(
        /^Warning: .*was written with the embedder plain-words \(32 dimensions\), not another .*`memory-manager reembed --group .*episodes wait\.$/,
      ),
    ]);
  });

  test('warns of settings that make it give up or run jobs twice', async () => {
    expect(await started({ stalledLimit: 3, takeoverMs: 2 * SECOND })).toEqual([
      expect.stringMatching(/^Warning: MEMORY_STALLED_LIMIT is 3: .*10 or more/),
      expect.stringMatching(/^Warning: MEMORY_TAKEOVER_SECONDS is 2: .*5 or more/),
    ]);
  });

  test('reports once that its journal key is missing, or that the last worker had one', async () => {
    const queuePrefix = `{${newGroup()}}`;
    const without = () => started({ queuePrefix, journalKey: undefined });

    expect(await without()).toEqual([
      expect.stringMatching(
        /^Warning: MEMORY_JOURNAL_KEY is not set: entries of the journal are not authenticated, .*docs\/archive\.md/,
      ),
    ]);
    expect(await started({ queuePrefix })).toEqual([]);
    expect(await without()).toEqual([
      expect.stringMatching(/^Warning: MEMORY_JOURNAL_KEY is not set, but was for the last worker/),
    ]);
  });

  test('warns of clock differences, with server and amount', async () => {
    const said: string[] = [];
    const graph = opened.graphs.group(newGroup());

    await runStartupChecks(
      stores.config,
      graph,
      undefined,
      (sentence) => said.push(sentence),
      () => Date.now() - 10 * SECOND,
    );

    expect(said).toEqual([
      expect.stringMatching(/^Warning: the clock of Valkey's machine is \d+\.\d s ahead of ours/),
      expect.stringMatching(/^Warning: the clock of FalkorDB's machine is \d+\.\d s ahead of ours/),
    ]);
  });

  test('warns of a spool that other users can open', async () => {
    const home = await mkdtemp(join(tmpdir(), 'memory-home-'));
    closers.push(() => rm(home, { recursive: true, force: true }));
    await mkdir(join(home, 'spool'));
    await chmod(join(home, 'spool'), 0o755);

    expect(await started({ home })).toEqual([
      expect.stringMatching(/spool can be entered by other users of this machine; chmod 700 it/),
    ]);
  });
});

test('an invalid setting leaves no connection open', async () => {
  const proxy = await startProxy(stores.config.valkey, 'resp');
  const config: Config = {
    ...stores.config,
    valkey: { host: proxy.host, port: proxy.port, tls: false },
    models: 'openai',
    openai: { ...stores.config.openai, apiKey: undefined, baseUrl: undefined },
  };

  await expect(startWorkers(config, ['store', 'export'])).rejects.toThrow(ConfigError);

  const other = new Redis({ host: proxy.host, port: proxy.port });
  await other.ping();
  const open = proxy.open();
  other.disconnect();
  await proxy.close();
  expect(open).toBe(1);
});

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInventory } from '../../../src/archive/compare-graph.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';
import { graphName } from '../../../src/group.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { MAIN, runCommand } from '../../support/command-line.ts';
import { startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { KNOWLEDGE, makeStory } from '../../support/faults/story.ts';
import { newGroup } from '../../support/stores.ts';
import {
  isPreviousReleaseThere,
  previousMain,
  previousModel,
  previousRelease,
} from '../../support/upgrade/previous-release.ts';
import { until } from '../../support/wait.ts';

// In the previous release only the queues had MEMORY_QUEUE_PREFIX; what else it kept in Valkey stood under the same names in all installations.

const DIMENSION = 768;
const group = newGroup();
const [first, canary, second, third, ...late] = makeStory(group, 6, 'prefix');

describe.skipIf(!isPreviousReleaseThere())('a home of the previous release with its own key prefix', () => {
  let folder: string;
  let environment: Record<string, string>;
  let config: Config;
  let memory: MemoryManager;
  let archive: string;
  const closing: (() => unknown)[] = [];

  const run = async (main: string, ...args: string[]) => {
    const { status, stdout, stderr } = await runCommand(args, environment, '', undefined, main);
    if (status !== 0) throw new Error(stderr || stdout);
    return stdout;
  };
  const store = (main: string, episode: typeof first) =>
    run(main, 'store', episode?.content ?? '', '--uuid', episode?.uuid ?? '', '--timeout', '120');
  /** A worker that takes long to start on a busy machine is tried again. */
  const up = (main: string) =>
    until('what up starts', () =>
      run(main, 'up').then(
        () => true,
        (error: Error) => {
          if (!/did not start/.test(error.message)) throw error;
          return false;
        },
      ),
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'memory-prefix-'));
    const home = join(folder, 'home');
    environment = {
      ...{ MEMORY_HOME: home, MEMORY_EXPORT_DIR: join(home, 'exports'), MEMORY_GROUP: group, MEMORY_MODELS: 'openai' },
      ...{ OPENAI_API_KEY: 'sk-test', MEMORY_EMBEDDING_DIM: String(DIMENSION), MEMORY_EXPORT_CRON: 'off' },
      ...{ MEMORY_HEALTH_PORT: '0', NODE_COMPILE_CACHE: join(folder, 'compiled'), MEMORY_QUEUE_PREFIX: '{one}' },
    };
    const release = await previousRelease();
    const old = previousMain(release);
    const oldModel = await (await previousModel(release))({ knowledge: KNOWLEDGE });
    environment.OPENAI_BASE_URL = oldModel.url;
    await up(old);
    closing.push(() => run(MAIN, 'down'));
    for (const episode of [first, canary, second]) await store(old, episode);
    archive = JSON.parse(await run(old, 'export', '--json')).file;
    await run(old, 'forget', 'episode', canary?.uuid ?? '');
    await store(old, third);
    await run(old, 'down');
    await oldModel.close();
    // Valkey alone still knows what was forgotten.
    for (const name of await readdir(join(home, 'exports')))
      if (name.startsWith('forgotten')) await rm(join(home, 'exports', name));

    const model = await startFakeOpenAI({ knowledge: KNOWLEDGE });
    environment.OPENAI_BASE_URL = model.url;
    await up(MAIN);
    config = loadConfig(environment);
    memory = new MemoryManager(config);
    closing.push(
      () => model.close(),
      () => memory.close(),
    );
    await store(MAIN, late[0]);
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const textsOf = async () => (await memory.episodes.list({ limit: 100 })).map(({ content }) => content).sort();
  const contentsOf = (...episodes: (typeof first)[]) => episodes.map((episode) => episode?.content).sort();

  test('rebuilds a lost graph from its journal', async () => {
    const graphs = openGraphs(config.falkordb);
    const { host, port, password = '' } = config.falkordb;
    const server = new Redis({ host, port, password });
    const hash = async () => (await readInventory(graphs.group(group), DIMENSION)).hashes.exact;
    const before = await hash();
    await server.call('GRAPH.DELETE', graphName(group));
    const rebuilt = await memory.archives.rebuild();

    expect(rebuilt).toMatchObject({ complete: true, problems: [] });
    expect(await hash()).toBe(before);
    expect(await textsOf()).toEqual(contentsOf(first, second, third, late[0]));
    server.disconnect();
    graphs.close();
  });

  test('keeps forgotten what was forgotten when an older archive is restored', async () => {
    const { leftOut } = await memory.archives.restore(archive, { replace: true });

    expect(leftOut).toBeGreaterThan(0);
    expect(await textsOf()).toEqual(contentsOf(first, second));
  });
});

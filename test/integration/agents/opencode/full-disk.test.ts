import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../../../src/config.ts';
import { MemoryManager } from '../../../../src/memory.ts';
import { openQueues } from '../../../../src/queue/queues.ts';
import { environmentOf } from '../../../support/command-line.ts';
import { mountSmallDisk, noSmallDisk, type SmallDisk } from '../../../support/small-disk.ts';
import { newGroup, useStores } from '../../../support/stores.ts';
import { until } from '../../../support/wait.ts';
import { DOUBLES, type Loaded, type Version } from './doubles.ts';

const VERSIONS = Object.keys(DOUBLES) as Version[];

describe.skipIf(noSmallDisk !== '').each(VERSIONS)(`the plugin of %s on a full disk${noSmallDisk}`, (version) => {
  const stores = useStores();
  let folder: string;
  let disk: SmallDisk;
  let config: Config;
  let loaded: Loaded | undefined;
  let log: readonly string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'memory-full-'));
    const home = join(folder, 'home');
    await mkdir(home, { mode: 0o700 });
    disk = mountSmallDisk(home, 512);
    config = { ...stores.config, home, group: newGroup(), queuePrefix: `{${newGroup()}}` };
    for (const [name, value] of Object.entries(environmentOf(config))) vi.stubEnv(name, value);
    const double = DOUBLES[version]();
    log = double.log;
    loaded = await double.load(folder, { group: config.group, recall: false });
  });
  afterEach(async () => {
    await loaded?.unload();
    disk.unmount();
    await rm(folder, { recursive: true, force: true });
    vi.unstubAllEnvs();
  });

  /** The numbers of the questions in the queue. */
  async function queued(): Promise<string[]> {
    const memory = new MemoryManager(config);
    await until('an empty spool', async () => (await memory.drainSpool()).remaining === 0);
    await memory.close();
    const { queues, ask, close } = openQueues(config);
    try {
      const jobs = await ask(() => queues.store.getJobs(undefined, 0, -1));
      return jobs.flatMap(({ data }) => /Question (\d)/.exec(JSON.stringify(data))?.[1] ?? []);
    } finally {
      await close();
    }
  }

  test('keeps the turns that it cannot write, and writes each once when there is space', async () => {
    const host = loaded as Loaded;
    const session = await host.newSession();
    await host.turn(session, 'Question 0', 'Answer 0.');
    disk.fill();
    for (const turn of [1, 2, 3]) await host.turn(session, `Question ${turn}`, `Answer ${turn}.`);
    disk.free();
    await host.turn(session, 'Question 4', 'Answer 4.');
    disk.fill();
    await host.turn(session, 'Question 5', 'Answer 5.');
    disk.free();
    await host.unload();
    loaded = undefined;

    expect((await queued()).sort()).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(log).toEqual([
      expect.stringMatching(/the disk of .* is full.*It is tried again while opencode runs; `memory-manager import op/),
      expect.stringMatching(/the disk of .* is full/),
    ]);
  });
});

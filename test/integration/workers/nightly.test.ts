import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { exportGroup } from '../../../src/archive/export.ts';
import { installationId } from '../../../src/archive/manifest.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import type { Config } from '../../../src/config.ts';
import { graphName } from '../../../src/group.ts';
import { changeLogKey } from '../../../src/journal/change-log.ts';
import { openJournal } from '../../../src/journal/journal.ts';
import { recordUnrepaired } from '../../../src/journal/lost-changes.ts';
import { journalKey } from '../../../src/journal/stream.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { EXPORT_QUEUE, type ExportJob } from '../../../src/queue/jobs.ts';
import { openNightlyExports } from '../../../src/queue/nightly-exports.ts';
import { openQueue, openQueues } from '../../../src/queue/queues.ts';
import { DAY, MINUTE } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startExportWorker } from '../../../workers/export-worker.ts';
import type { Health } from '../../../workers/health.ts';
import { startWorkers, type WorkerRole } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { openStoreConnections, useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  for (const group of await opened.graphs.groups()) await opened.graphs.group(group).write('MATCH (n) DELETE n');
});

/** A memory with a schedule, a queue and a folder of its own. */
function newMemory(differing: Partial<Config> = {}) {
  const own = newGroup();
  const config: Config = {
    ...stores.config,
    group: own,
    queuePrefix: `{${own}}`,
    exportDir: `${stores.config.exportDir}-${own}`,
    nightly: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
    ...differing,
  };
  const memory = new MemoryManager(config, { embedder: plainEmbedder() });
  const queues = openQueues(config);
  closers.push(
    () => memory.close(),
    () => queues.close(),
  );
  const notices: string[] = [];
  const started = async (...roles: WorkerRole[]) => {
    const worker = await startWorkers(config, roles, {
      languageModel: plainModel(),
      embedder: plainEmbedder(),
      onNotice: (sentence) => notices.push(sentence),
    });
    closers.push(() => worker.close());
    return worker;
  };
  const tell = async (content: string, group = own) =>
    memory.waitFor(await memory.enqueueEpisode(content, null, { group }));
  const nightly = async (group = own) => {
    const { valkey } = await memory.getStatus({ group });
    if (!valkey.ok) throw new Error(valkey.error);
    return valkey.nightly;
  };
  const lookAtStatus = async (group = own) =>
    (await runCommand(['status', '--group', group], environmentOf(config))).stdout;
  /** With a taken port in the configuration, whereas a free one may be taken by another process before the worker takes it. */
  const healthAddress = () =>
    notices.flatMap((notice) => /^Port .* answer at (\S+)\.$/.exec(notice)?.[1] ?? [])[0] ?? '';
  return {
    config,
    memory,
    nights: openNightlyExports(queues),
    notices,
    healthAddress,
    started,
    tell,
    nightly,
    lookAtStatus,
  };
}

/** As if the last night had been so many days ago. */
const daysAgo = (days: number) => new Date(Date.now() - days * DAY);

describe('a worker with a nightly schedule', () => {
  test('starts counting at its very first start, and exports nothing', async () => {
    const { memory, started, nightly, lookAtStatus } = newMemory();

    await started('store', 'export', 'scheduler');

    const { next, last } = await nightly();
    expect(next?.getTime()).toBeGreaterThan(Date.now());
    expect(last?.tick.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await memory.getJobCounts('export')).toMatchObject({ waiting: 0, active: 0, completed: 0 });
    expect(await lookAtStatus()).toMatch(/^Nightly {2}next at \d{4}-\d\d-\d\dT0[12]:00:00Z$/m);
    expect(await lookAtStatus()).toContain('Archive  no restore test yet\n');
  });

  test('makes up for missed nights with one run, which exports, verifies and prunes every memory', async () => {
    const { config, memory, nights, started, tell, nightly, lookAtStatus } = newMemory({
      keep: { daily: 1, weekly: 0, monthly: 0 },
    });
    const other = newGroup();
    await started('store', 'export');
    await tell('Harbor uses Redis.');
    await tell('Quay uses Kafka.', other);
    const { file: byHand } = await memory.export();
    // Under this memory's own queue prefix: an export that another journal records would leave a gap in this one's.
    const own = openStoreConnections(config);
    closers.push(() => own.close());
    const origin = { by: 'night', installation: await installationId(own.valkey, config.queuePrefix) } as const;
    const store = folderStore(config.exportDir);
    const { file: older } = await exportGroup(own.graphs.group(config.group), own.leases, store, { origin });
    await nights.schedule.advance(daysAgo(3), daysAgo(2));

    await Promise.all([started('scheduler'), started('scheduler')]);

    const { last } = await until('the night', async () => {
      const told = await nightly();
      return told.last?.outcome?.done === 2 && told;
    });
    expect(last?.outcome).toEqual({ groups: 2, done: 2, failed: 0 });
    // The nightly job, one for each memory, and the export that was asked for.
    expect(await memory.getJobCounts('export')).toMatchObject({ completed: 4, failed: 0 });
    const { archives } = await memory.archives.list();
    const ofTheNight = archives.filter(({ file }) => file !== byHand);
    const shown = JSON.stringify({ archives, byHand, older, jobs: await memory.getJobCounts('export') });
    expect(ofTheNight.map(({ group }) => group).toSorted(), shown).toEqual([config.group, other].toSorted());
    expect(ofTheNight.every(({ restoredAt }) => restoredAt !== null)).toBe(true);
    expect(archives.map(({ file }) => file)).toContain(byHand);
    expect(archives.map(({ file }) => file)).not.toContain(older);
    const said = await lookAtStatus();
    expect(said).toMatch(/; last at .*: 2 of 2 memories done$/m);
    expect(said).toMatch(/^Archive {2}restore test passed \d+ s ago: graphiti_export_.*\.json$/m);
  });

  test('runs when a night falls due, and also runs what fell due meanwhile', async () => {
    const { config, memory, started, nightly } = newMemory();
    await started('export', 'scheduler');

    await opened.valkey.hset(`${config.queuePrefix}:schedule`, 'last', daysAgo(1).getTime());

    const { groups } = await until('the night', async () => {
      const outcome = (await nightly()).last?.outcome;
      return outcome?.done === outcome?.groups && (outcome ?? undefined);
    });
    expect(await memory.getJobCounts('export')).toMatchObject({ completed: 1 + groups });
  });

  test('does nothing while the schedule is off, and says so', async () => {
    const { memory, nights, started, lookAtStatus } = newMemory({ nightly: undefined });
    await nights.schedule.advance(daysAgo(3), daysAgo(2));

    await started('export', 'scheduler');

    expect(await lookAtStatus()).toMatch(/^Nightly {2}off \(MEMORY_EXPORT_CRON\)$/m);
    expect(await memory.getJobCounts('export')).toMatchObject({ waiting: 0, active: 0, completed: 0 });
  });

  test('refuses to start with an invalid schedule', async () => {
    const { started } = newMemory({ nightly: { cron: '0 3 31 2 *', timeZone: 'UTC' } });

    await expect(started('scheduler')).rejects.toThrow(/^MEMORY_EXPORT_CRON is "0 3 31 2 \*", which cannot be used/);
  });
});

test('an archive that was damaged before its restore test becomes a dead letter, turns status red and keeps older archives', async () => {
  const health = { host: '127.0.0.1', port: stores.config.valkey.port };
  const { config, memory, healthAddress, started, tell, nightly, lookAtStatus } = newMemory({
    health,
    keep: { daily: 1, weekly: 0, monthly: 0 },
  });
  await started('store', 'export');
  await tell('Harbor uses Redis.');
  const { file: older } = await memory.export({ gzip: true });
  const { file } = await memory.export({ gzip: true });
  await damage(join(config.exportDir, file));
  await addTried(config, file);
  const get = async (path: string) => (await fetch(healthAddress() + path)).text();
  const archives = async () => {
    const { checks } = JSON.parse(await get('/health')) as Health;
    return checks.find(({ name }) => name === 'archives');
  };

  await until('the dead letter', async () => (await memory.getJobCounts('export')).failed === 1);

  const [letter] = await memory.deadLetters.list({ queue: 'export' });
  expect(letter?.reason).toMatch(new RegExp(`^The nightly archive ${file} of "${config.group}" cannot be trusted`));
  expect(await readdir(config.exportDir)).toEqual(expect.arrayContaining([older, file]));
  expect((await nightly()).failed).toMatchObject({ file, error: expect.stringMatching(/damaged|decompressed/) });
  expect(await lookAtStatus()).toMatch(new RegExp(`^Archive  cannot be restored: ${file}: `, 'm'));
  expect(await archives()).toMatchObject({ status: 'red' });

  await memory.deadLetters.replay([letter?.id ?? '']);
  await until('a new archive', async () => (await nightly()).verified);
  expect((await nightly()).failed).toBeNull();
  expect(await archives()).toMatchObject({ status: 'ok' });
  const figures = await get('/metrics');
  for (const outcome of ['whole', 'failed'])
    expect(figures).toContain(`opencode_memory_archive_drills{outcome="${outcome}"} 1\n`);
  expect(figures).toMatch(/^opencode_memory_archive_verified_age \d/m);
});

test('status shows a manual restore test that failed', async () => {
  const { config, memory, nightly, started, tell } = newMemory();
  await started('store', 'export');
  await tell('Harbor uses Redis.');
  const { file } = await memory.export();
  await damage(join(config.exportDir, file));

  expect(await memory.archives.verify(file, { restore: true })).toMatchObject({ file, intact: false });

  expect(await nightly()).toMatchObject({ verified: null, failed: { file, error: expect.stringMatching(/\w/) } });
});

async function damage(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** A nightly export whose first try has written `written`. */
async function addTried(config: Config, written: string): Promise<void> {
  const connection = retryingConnection(config.valkey);
  const queue = openQueue(EXPORT_QUEUE, connection, config);
  const data: ExportJob = { version: 1, group: config.group, gzip: true, nightly: true, written };
  await queue.add(EXPORT_QUEUE, data, { jobId: 'tried' });
  await queue.close();
  connection.disconnect();
}

test('a worker that finds a gap in the journal triggers an export, which closes the gap', async () => {
  const { config, memory, started, tell, lookAtStatus } = newMemory();
  const { valkey, close } = openStoreConnections(config);
  closers.push(close);
  const journal = async () => openJournal(valkey).size(config.group);
  await started('store');
  await tell('Harbor uses Redis.');
  await valkey.del(journalKey(valkey, config.group), changeLogKey(valkey, config.group));
  await tell('Quay uses Node.');
  await until('the gap is seen', async () => (await journal()).gap !== null);
  expect(await lookAtStatus()).toMatch(
    /^Journal {2}has a gap before \d{4}-\S+Z; to close it, run `memory-manager export`/m,
  );

  await started('export');

  await until('the gap is closed', async () => (await journal()).gap === null);
  expect((await memory.archives.list()).archives).toHaveLength(1);
  expect(await lookAtStatus()).not.toContain('has a gap');
});

test('a manual export does not wait for the whole nightly run', async () => {
  const { config, memory, nights, started, tell } = newMemory();
  await started('store', 'export');
  await tell('Harbor uses Redis.');
  const queue = openQueue(EXPORT_QUEUE, opened.valkey, config);
  closers.push(() => queue.close());
  await queue.pause();
  await nights.addExports(daysAgo(0), [config.group, newGroup(), newGroup()]);
  const exported = memory.export();
  await until('it is queued', async () => (await queue.getWaitingCount()) === 4);

  await queue.resume();
  await exported;

  await until('all are done', async () => (await queue.getCompletedCount()) === 4);
  const jobs = await queue.getCompleted();
  const [first] = jobs.toSorted((a, b) => Number(a.processedOn) - Number(b.processedOn));
  expect(first?.data.nightly).toBeUndefined();
});

test('every nightly run exports and verifies as many memories as there are graphs', async () => {
  const { config, nights, started, nightly } = newMemory({ keep: 'all' });
  const falkordb = new Redis(config.falkordb.port, config.falkordb.host);
  closers.push(() => falkordb.disconnect());
  for (let number = 0; number < 20; number += 1)
    await opened.graphs.group(newGroup()).write('CREATE (:Entity {uuid: $uuid, name: "Harbor", group_id: "x"})', {
      uuid: `${number}`,
    });
  await opened.graphs.group(config.group).write('CREATE (:Else)');
  await started('export');

  for (let night = 5; night > 0; night -= 1) {
    const tick = daysAgo(night);
    await nights.schedule.advance(tick, daysAgo(night - 1));
    await nights.add(tick);
    const { groups, failed } = await until('the night', async () => {
      const outcome = (await nightly()).last?.outcome;
      return outcome?.done === outcome?.groups && (outcome ?? undefined);
    });

    const keys = (await falkordb.keys('test-*')).filter((key) => key !== config.group);
    expect({ groups, failed }).toEqual({ groups: keys.length, failed: 0 });
    expect(keys.length).toBeGreaterThanOrEqual(20);
    const proven = (await readdir(config.exportDir)).filter((name) => name.endsWith('.verified.json'));
    expect(proven).toHaveLength(20 * (6 - night));
  }
});

describe('a nightly run with an incomplete list of graphs', () => {
  /** Waits until the tick's job has ended and gives what it exports. */
  const exportedBy = ({ nights }: ReturnType<typeof newMemory>, tick: Date) =>
    until('the night', async () => {
      const { last, groups } = await nights.last();
      return last?.getTime() === tick.getTime() && (groups ?? undefined);
    });

  test('still exports a memory with a restore test, and forgets only the test of a deleted memory', async () => {
    const memory = newMemory();
    const { config, nights, started, tell } = memory;
    await started('store');
    await tell('Harbor uses Redis.');
    const [gone, at] = [newGroup(), daysAgo(2)];
    for (const group of [config.group, gone]) await nights.storeRestoreTest(group, { file: 'a.json', at });
    const worker = startExportWorker(config, retryingConnection(config.valkey), {
      ...{ nights, leases: opened.leases, store: folderStore(config.exportDir) },
      graphs: { ...opened.graphs, groups: async () => [] },
      journaled: async () => [],
      installation: async () => 'ours',
      migrateKeys: async () => {},
    });
    closers.push(() => worker.close());
    const tick = daysAgo(1);
    await nights.schedule.advance(tick, daysAgo(0));
    await nights.add(tick);

    expect(await exportedBy(memory, tick)).toEqual([config.group]);
    expect([...(await nights.restoreTests()).keys()]).toEqual([config.group]);
  });

  test.each(['journal', 'restore test'])(
    'is red if it missed a memory that has a %s, but not if that is newer than the run',
    async (record) => {
      const health = { host: '127.0.0.1', port: stores.config.valkey.port };
      const memory = newMemory({ health });
      const { config, nights, healthAddress, started, tell } = memory;
      await started('store');
      const archives = async () => {
        const { checks } = (await (await fetch(`${healthAddress()}/health`)).json()) as Health;
        return checks.find(({ name }) => name === 'archives');
      };
      // As another release, whose listing is empty.
      const connection = retryingConnection(config.valkey);
      const worker = new Worker(EXPORT_QUEUE, async () => ({ groups: [] }), { connection, prefix: config.queuePrefix });
      closers.push(
        () => connection.disconnect(),
        () => worker.close(),
      );
      const night = async (tick: Date) => {
        await nights.schedule.advance(tick, new Date(tick.getTime() + DAY));
        await nights.add(tick);
        expect(await exportedBy(memory, tick)).toEqual([]);
      };

      await night(new Date(Date.now() - MINUTE));
      if (record === 'journal') await tell('Harbor uses Redis.');
      else await nights.storeRestoreTest(config.group, { file: 'a.json', at: new Date() });
      expect((await archives())?.status ?? 'ok').toBe('ok');

      await night(new Date(Date.now() + MINUTE));
      expect(await archives()).toMatchObject({
        status: 'red',
        message: expect.stringMatching(/left out 1 memory/),
      });
    },
  );
});

test('a nightly run on a graph that lost changes trims and removes nothing of it, and reports the loss everywhere', async () => {
  const health = { host: '127.0.0.1', port: stores.config.valkey.port };
  const { config, memory, nights, notices, healthAddress, started, tell, nightly, lookAtStatus } = newMemory({
    health,
    keep: { daily: 1, weekly: 0, monthly: 0 },
  });
  const other = newGroup();
  await started('store', 'export');
  await tell('Harbor uses Redis.');
  await nights.addExports(daysAgo(2), [config.group]);
  await until('the first archive', async () => (await memory.archives.list()).archives[0]?.restoredAt);
  const [older] = (await memory.archives.list()).archives;
  await tell('Quay uses Node.');
  await tell('Pier uses Go.', other);
  const falkordb = new Redis(config.falkordb.port, config.falkordb.host);
  const graphsCheck = async () => {
    const { checks } = (await (await fetch(`${healthAddress()}/health`)).json()) as Health;
    return checks.find(({ name }) => name === 'graphs');
  };
  await until('graphs that the worker has compared', async () => (await graphsCheck())?.status === 'ok');
  const own = openStoreConnections(config);
  closers.push(() => own.close());
  // As where the journal alone cannot restore them.
  for (const group of [config.group, other]) await recordUnrepaired(own.valkey, group);
  await falkordb.call('GRAPH.DELETE', graphName(config.group));
  await falkordb.call('GRAPH.DELETE', graphName(other));
  falkordb.disconnect();
  await tell('Dock uses Rust.');
  const losses = () => notices.filter((notice) => notice.includes('lost changes'));
  // The job does not wait for the record of its change, which reveals the loss.
  await until('the notice', async () => losses().length > 0);
  expect(losses()).toEqual([
    `The graph of the memory "${config.group}" lost changes that it had applied, as after a failover of FalkorDB; \`memory-manager status\` says what to do.`,
  ]);
  const { entries } = await openJournal(own.valkey).size(config.group);
  expect(entries).toBeGreaterThan(0);

  const tick = daysAgo(1);
  await nights.schedule.advance(tick, daysAgo(0));
  await nights.add(tick);

  await until('the night', async () => {
    const told = (await nightly()).last?.outcome;
    return told?.failed === 2 && told.done === told.groups - 2 && told;
  });
  expect((await openJournal(own.valkey).size(config.group)).entries).toBe(entries);
  expect((await memory.archives.list()).archives.map(({ file }) => file)).toEqual([older?.file]);
  expect(await lookAtStatus()).toMatch(/^Memory {3}its graph has lost changes, .*archive rebuild --replace/m);
  expect(await lookAtStatus(other)).toMatch(/^Memory {3}its graph has lost changes/m);
  const { status, checks } = (await (await fetch(`${healthAddress()}/health`)).json()) as Health;
  expect(status).toBe('red');
  expect(checks.find(({ name }) => name === 'graphs')?.message).toMatch(/^The graph of 2 memories lacks changes/);
  expect(await runCommand(['export', '--all'], environmentOf(config))).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/lacks changes that it had applied/),
  });

  for (const group of [config.group, other]) await memory.archives.rebuild({ group, replace: true });

  await until('what was stored since', async () => (await memory.getGraphSize()).facts === 3);
  expect(await memory.getGraphSize(other)).toMatchObject({ facts: 1 });
  expect(await lookAtStatus()).not.toMatch(/^Memory {3}its graph/m);
  const exported = await memory.exportAll();
  expect(exported.filter((it) => 'failed' in it)).toEqual([]);
});

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryManager } from '../../../../src/memory.ts';
import { startWorkers } from '../../../../workers/main.ts';
import { startTranscript } from '../../../support/claude-transcript.ts';
import { environmentOf, failedWith, runCommand } from '../../../support/command-line.ts';
import { mountSmallDisk, noSmallDisk, type SmallDisk } from '../../../support/small-disk.ts';
import { newGroup, useStores } from '../../../support/stores.ts';
import { until } from '../../../support/wait.ts';
import { wrongServers } from '../../../support/wrong-servers.ts';

// A real file system that is really full: a mocked failure neither truncates a file nor leaves half of one.
describe.skipIf(noSmallDisk !== '')(`on a full disk${noSmallDisk}`, () => {
  const stores = useStores();
  let folder: string;
  let home: string;
  let disk: SmallDisk;
  let environment: Record<string, string>;
  let group: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'memory-full-'));
    home = join(folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    disk = mountSmallDisk(home, 512);
    group = newGroup();
    environment = { ...environmentOf(stores.config), MEMORY_HOME: home, MEMORY_GROUP: group };
  });
  afterEach(() => {
    disk.unmount();
    rmSync(folder, { recursive: true, force: true });
  });

  const hook = (event: string, session: string) =>
    runCommand(
      ['hook', event, '--host', 'claude-code', '--group', group],
      environment,
      JSON.stringify({ session_id: session, transcript_path: join(folder, `${session}.jsonl`), cwd: folder }),
    );
  const unfinished = () => readdirSync(home, { recursive: true }).filter((name) => String(name).endsWith('.part'));

  async function storedTurns(config = stores.config): Promise<string[]> {
    const workers = await startWorkers({ ...config, home, group }, ['store']);
    const memory = new MemoryManager({ ...config, home, group });
    try {
      await until('an empty spool', () => !readdirSync(join(home, 'spool')).some((name) => name.endsWith('.json')));
      await until('an empty queue', async () => {
        const { waiting, active, delayed } = await memory.getJobCounts('store');
        return waiting + active + delayed === 0;
      });
      const episodes = await memory.episodes.list({ limit: 100 });
      return (await Promise.all(episodes.map(({ uuid }) => memory.getEpisode(uuid)))).map(({ content }) => content);
    } finally {
      await memory.close();
      await workers.close();
    }
  }

  test('each Stop hook reports it to the user, and once there is space all turns are stored once', async () => {
    const transcript = startTranscript(join(folder, 's1.jsonl'), 's1');
    const turns = Array.from({ length: 10 }, (_, turn) => `user: Question ${turn}\nassistant: Answer ${turn}.`);
    const told: boolean[] = [];
    await hook('SessionStart', 's1');
    for (const turn of turns.keys()) {
      transcript.user(`Question ${turn}`);
      transcript.says(`Answer ${turn}.`);
      // Now and then there is space for one of the files that a hook writes, or two, but not for all of them.
      if (turn > 1) disk.fill();
      if (turn % 3 === 0) disk.free(turn % 2 === 0 ? 4 : 8);
      const ended = await hook('Stop', 's1');
      expect(ended.status).toBe(0);
      told.push(ended.stdout !== '');
      if (ended.stdout === '') continue;
      expect(JSON.parse(ended.stdout)).toEqual({
        systemMessage: `memory-manager: This turn is not stored yet: the disk of ${home} is full. The next event of this session tries again. Afterwards, \`memory-manager import claude-code\` also stores it.`,
      });
      expect(ended.stderr).toContain('the disk of');
      expect(unfinished()).toEqual([]);
    }
    expect([told[0], told.at(-1)]).toEqual([false, expect.any(Boolean)]);
    expect(told.filter(Boolean).length).toBeGreaterThan(4);

    disk.free();
    expect(await hook('SessionEnd', 's1')).toMatchObject({ status: 0, stdout: '', stderr: '' });

    expect((await storedTurns()).sort()).toEqual(turns);
  });

  test('a session that began on the full disk is stored from its first turn when it is resumed', async () => {
    const start = (source: string) =>
      runCommand(
        ['hook', 'SessionStart', '--host', 'claude-code', '--group', group],
        environment,
        JSON.stringify({ session_id: 's1', transcript_path: join(folder, 's1.jsonl'), cwd: folder, source }),
      );
    // Other sessions have made the folders.
    startTranscript(join(folder, 's0.jsonl'), 's0').snapshot();
    await hook('SessionStart', 's0');
    disk.fill();
    await start('startup');
    const transcript = startTranscript(join(folder, 's1.jsonl'), 's1');
    for (const turn of [0, 1]) {
      transcript.user(`Question ${turn}`);
      transcript.says(`Answer ${turn}.`);
      expect((await hook('Stop', 's1')).stdout).toContain('This turn is not stored yet');
    }
    disk.free();

    await start('resume');

    expect((await storedTurns()).sort()).toEqual(
      [0, 1].map((turn) => `user: Question ${turn}\nassistant: Answer ${turn}.`),
    );
  });

  test('a record of unfinished work survives, so that the next session stores the turn of a killed hook', async () => {
    const transcript = startTranscript(join(folder, 's1.jsonl'), 's1');
    await hook('SessionStart', 's1');
    transcript.user('Question');
    transcript.says('Answer.');
    // Turns that cannot be kept for another reason leave the note.
    const limited = { ...environment, MEMORY_SPOOL_LIMIT: '1', VALKEY_PORT: String(wrongServers.nothing()) };
    const stop = (text: string) => {
      transcript.user(text);
      transcript.says('Answer.');
      return runCommand(
        ['hook', 'Stop', '--group', group],
        limited,
        JSON.stringify({ session_id: 's1', transcript_path: join(folder, 's1.jsonl'), cwd: folder }),
      );
    };
    expect((await stop('Another')).stdout).toContain('as many turns as MEMORY_SPOOL_LIMIT allows');
    const notes = () => readdirSync(join(home, 'hooks')).filter((name) => name.endsWith('.work'));
    expect(notes()).toHaveLength(1);

    disk.fill();
    expect((await stop('A third')).stdout).toContain('the disk of');

    expect(notes()).toHaveLength(1);
    disk.free();
    await hook('SessionEnd', 's1');
    expect(notes()).toEqual([]);
    expect(await storedTurns()).toHaveLength(3);
  });

  test('a command reports that its episode was not stored, and leaves nothing of it', async () => {
    disk.fill();
    const away = { ...environment, VALKEY_PORT: String(wrongServers.nothing()) };
    const store = () => runCommand(['store', '--no-wait', 'Harbor uses Valkey.'], away);

    expect(await store()).toMatchObject(failedWith(/the disk of .*spool is full\. Nothing was kept there/));

    expect(unfinished()).toEqual([]);
    disk.free();
    expect((await store()).status).toBe(0);
    expect(await storedTurns()).toEqual(['Harbor uses Valkey.']);
  });

  test('`up` fails with one sentence and leaves nothing running; with space it starts', async () => {
    disk.unmount();
    disk = mountSmallDisk(home, 64 * 1024);
    const own = { MEMORY_HOME: home, MEMORY_MODELS: 'local' };
    disk.fill();

    const refused = await runCommand(['up'], own);

    expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/full|space/i) });
    expect(refused.stderr).not.toMatch(/Unexpected|at .*\.ts/);
    disk.free();
    expect(await runCommand(['up'], own)).toMatchObject({ status: 0 });

    // The servers' own files are on the full disk now.
    disk.fill();
    const accepted = new Set(['Quay']);
    for (const name of ['Harbor', 'Dock']) {
      const { status, stdout, stderr } = await runCommand(['store', `${name} uses Valkey.`, '--timeout', '3'], own);
      expect(stderr).toMatch(status === 0 ? /^$/ : /^[^\n]+\.\n$/);
      // The name of an episode that is in the queue, although no worker could store it yet.
      if (stdout !== '') accepted.add(name);
    }
    disk.free();
    await until('a memory that stores again', async () => {
      return (await runCommand(['store', 'Quay uses Valkey.'], own)).status === 0;
    });
    for (const name of accepted)
      await until(`the fact about ${name}`, async () => {
        const { stdout } = await runCommand(['query', `What does ${name} use?`], own);
        return stdout.includes(`${name} uses Valkey`);
      });
    expect((await runCommand(['down'], own)).status).toBe(0);
  });

  test('an export fails with one sentence, leaves no archive, and succeeds once there is space', async () => {
    const exportDir = join(home, 'exports');
    const workers = await startWorkers({ ...stores.config, group, exportDir }, ['store', 'export']);
    const memory = new MemoryManager({ ...stores.config, group, exportDir });
    try {
      await memory.waitFor(await memory.enqueueEpisode('Harbor uses Valkey.'));
      await memory.export();
      disk.fill();
      await expect(memory.export()).rejects.toThrow(/is full \(ENOSPC\); free some space, then export again/);

      expect((await memory.archives.list()).archives).toHaveLength(1);
      disk.free();
      await memory.export();
      expect((await memory.archives.list()).archives).toHaveLength(2);
    } finally {
      await memory.close();
      await workers.close();
    }
  });
});

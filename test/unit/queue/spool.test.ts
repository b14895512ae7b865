import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { InvalidInputError } from '../../../src/errors.ts';
import { drainSpool } from '../../../src/queue/spool/drain.ts';
import { openSpool, type SpooledEpisode } from '../../../src/queue/spool/spool.ts';
import { countingMetrics } from '../../../src/telemetry/metrics.ts';
import { HOUR } from '../../../src/time.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'memory-spool-'));
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

const spooled = (content = 'Harbor uses Redis.'): SpooledEpisode => ({
  episode: newEpisode(content, { a: 1 }, 'spooled', 1000, { referenceTime: new Date('2025-01-01T00:00:00Z') }),
  hasCallerId: false,
  carrier: { traceparent: '00-11111111111111111111111111111111-2222222222222222-01' },
});

/** Takes whatever it is given, and notes it. */
function taking(refused: readonly string[] = []) {
  const taken: SpooledEpisode[] = [];
  const take = async (one: SpooledEpisode) => {
    if (refused.includes(one.episode.content)) throw new InvalidInputError('It belongs to another episode.');
    taken.push(one);
  };
  return { taken, take };
}

describe('the spool', () => {
  test('leaves out files of others that are next to the held episodes', async () => {
    const spool = openSpool(home, 10);
    spool.hold('folder', [spooled()]);
    await writeFile(join(spool.folder, 'held', '.DS_Store'), '');

    expect(spool.files()).toEqual([expect.stringContaining(join('held', 'folder'))]);
  });

  test('returns its episodes unchanged, and is empty afterwards', async () => {
    const [spool, { taken, take }, metrics] = [openSpool(home, 10), taking(), countingMetrics()];
    const [one, two] = [spooled(), spooled('Harbor uses Valkey. "«…»"')];
    spool.keep([one]);
    spool.keep([two]);

    const result = await drainSpool(spool, take, { metrics });

    expect(result).toEqual({ drained: 2, remaining: 0 });
    expect(taken).toEqual(expect.arrayContaining([one, two]));
    expect(spool.names()).toEqual([]);
    expect(metrics.count('opencode.memory.spool.drained')).toBe(2);
  });

  test('is private to its owner', async () => {
    const spool = openSpool(home, 10);

    spool.keep([spooled()]);

    const [name = ''] = await readdir(spool.folder);
    expect(((await stat(spool.folder)).mode & 0o777).toString(8)).toBe('700');
    expect(((await stat(join(spool.folder, name))).mode & 0o777).toString(8)).toBe('600');
  });

  test('writes concurrent episodes into one file and counts them all', async () => {
    const [spool, { taken, take }] = [openSpool(home, 1000), taking()];
    const many = Array.from({ length: 300 }, (_, index) => spooled(`Harbor ${index}.`));

    spool.keep(many);

    expect(spool.names()).toHaveLength(2);
    expect(openSpool(home, 1000).count()).toBe(300);
    expect(await drainSpool(spool, take)).toEqual({ drained: 300, remaining: 0 });
    expect(taken).toHaveLength(300);
  });

  test('reports that it is full and keeps nothing that does not fit', async () => {
    const spool = openSpool(home, 3);
    spool.keep([spooled(), spooled()]);

    const add = () => spool.keep([spooled(), spooled()]);

    expect(add).toThrow(
      /^Valkey does not answer, and .*spool has room for 1 more of 3 episodes. These 2 episodes were not kept; start Valkey, or raise MEMORY_SPOOL_LIMIT\.$/,
    );
    expect(spool.count()).toBe(2);
    spool.keep([spooled()]);
    expect(() => spool.keep([spooled()])).toThrow(expect.objectContaining({ name: 'SpoolFullError' }));
  });

  test('keeps none of a batch when the disk fills up before the last one', async () => {
    const spool = openSpool(home, 1000);
    const full = () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    const many = Array.from({ length: 300 }, (_, index) => spooled(`Harbor ${index}.`));
    const last = { ...spooled('The last.'), carrier: { toJSON: full } as never };

    expect(() => spool.keep([...many, last])).toThrow(/Nothing was kept there; free some space\.$/);

    expect(await readdir(spool.folder)).toEqual([]);
    expect(spool.count()).toBe(0);
    spool.keep(many);
    expect(openSpool(home, 1000).count()).toBe(300);
  });

  test('has room again after another process empties it', async () => {
    const spool = openSpool(home, 1);
    spool.keep([spooled()]);
    await drainSpool(openSpool(home, 1), taking().take);

    await expect.poll(() => attempt(() => spool.keep([spooled()]))).toBe('kept');
  });

  test('reports a folder that cannot be written', async () => {
    await writeFile(join(home, 'spool'), 'a file where the folder should be');

    expect(() => openSpool(home, 10).keep([spooled()])).toThrow(
      /^The folder .*spool cannot be used \(E\w+\)\. Nothing was kept there; check MEMORY_HOME\.$/,
    );
  });

  test('sets an unreadable file aside and reports it once', async () => {
    const [spool, { taken, take }, said] = [openSpool(home, 10), taking(), [] as string[]];
    const onNotice = (sentence: string) => said.push(sentence);
    spool.keep([spooled()]);
    await writeFile(join(spool.folder, '2020_half_1.json'), '{"version":1,"episodes":[{"gi');

    const first = await drainSpool(spool, take, { onNotice });
    const second = await drainSpool(spool, take, { onNotice });

    expect([first, second]).toEqual([
      { drained: 1, remaining: 0 },
      { drained: 0, remaining: 0 },
    ]);
    expect(taken).toHaveLength(1);
    expect(said).toEqual([expect.stringMatching(/^The spooled file 2020_half_1\.json was moved to .*unreadable: /)]);
    expect(await readFile(join(spool.folder, 'unreadable', '2020_half_1.json'), 'utf8')).toMatch(/^\{"version":1/);
  });

  test('leaves an episode of a newer release to programs of that release, and enqueues the others', async () => {
    const [spool, { taken, take }, said] = [openSpool(home, 10), taking(), [] as string[]];
    spool.keep([spooled()]);
    const episodes = [{ given: false, job: { version: 2, group: 'harbor' }, trace: {} }];
    await writeFile(join(spool.folder, '2020_newer_1.json'), JSON.stringify({ version: 1, episodes }));

    const result = await drainSpool(spool, take, { onNotice: (sentence) => said.push(sentence) });

    // Nothing remains that this program could queue, so that it does not try again and again.
    expect(result).toEqual({ drained: 1, remaining: 0 });
    expect(spool.names()).toEqual(['2020_newer_1.json']);
    expect(taken).toHaveLength(1);
    expect(said).toEqual([]);
    expect(spool.countUnreadable()).toBe(0);
  });

  test('sets aside an episode that the queue rejects, and enqueues the others', async () => {
    const [spool, { taken, take }, said] = [openSpool(home, 10), taking(['bad']), [] as string[]];
    spool.keep([spooled('good'), spooled('bad'), spooled('fine')]);

    const result = await drainSpool(spool, take, { onNotice: (sentence) => said.push(sentence) });

    expect(result).toEqual({ drained: 2, remaining: 0 });
    expect(taken.map(({ episode }) => episode.content)).toEqual(['good', 'fine']);
    expect(said).toEqual([expect.stringMatching(/was moved to .*unreadable: It belongs to another episode\.$/)]);
    expect(spool.countUnreadable()).toBe(1);
  });

  test('keeps everything that the queue did not accept, and says why', async () => {
    const spool = openSpool(home, 10);
    spool.keep([spooled()]);
    spool.keep([spooled()]);

    const result = await drainSpool(spool, () => Promise.reject(new Error('away')));

    expect(result).toEqual({ drained: 0, remaining: 2, error: 'away' });
  });

  test('counts each episode once when two processes drain it at the same time', async () => {
    const [{ take }, metrics] = [taking(), countingMetrics()];
    const spool = openSpool(home, 100);
    for (let i = 0; i < 60; i += 1) spool.keep([spooled(`Harbor ${i}.`)]);

    const results = await Promise.all([1, 2, 3].map(() => drainSpool(openSpool(home, 100), take, { metrics })));

    expect(results.reduce((sum, { drained }) => sum + drained, 0)).toBe(60);
    expect(metrics.count('opencode.memory.spool.drained')).toBe(60);
  });

  test('removes the leftovers of a process killed while writing, after an hour', async () => {
    const folder = openSpool(home, 10).folder;
    openSpool(home, 10).keep([spooled()]);
    const [old, young] = [join(folder, 'a.part'), join(folder, 'b.part')];
    await Promise.all([old, young].map((file) => writeFile(file, '{"vers')));
    const then = new Date(Date.now() - 2 * HOUR);
    await utimes(old, then, then);

    openSpool(home, 10).keep([spooled()]);

    const names = await readdir(folder);
    expect(names).toContain('b.part');
    expect(names).not.toContain('a.part');
  });
});

function attempt(work: () => void): string {
  try {
    work();
    return 'kept';
  } catch (error) {
    return (error as Error).name;
  }
}

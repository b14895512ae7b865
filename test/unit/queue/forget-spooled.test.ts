import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { findSpooled, forgetSpooled } from '../../../src/queue/spool/search.ts';
import { episodesInFile, openSpool, type Spool, type SpooledEpisode } from '../../../src/queue/spool/spool.ts';

let home: string;
let spool: Spool;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'memory-spool-'));
  spool = openSpool(home, 10);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const spooled = (content: string, group = 'harbor'): SpooledEpisode => ({
  episode: newEpisode(content, { session: content }, group, 1000, {}),
  hasCallerId: true,
  carrier: { traceparent: '00-11111111111111111111111111111111-2222222222222222-01' },
});
const uuidOf = ({ episode }: SpooledEpisode) => episode.uuid;
const uuids = (...some: SpooledEpisode[]) => new Set(some.map(uuidOf));
const texts = async () => (await Promise.all(spool.files().map((path) => readFile(path, 'utf8')))).join('\n');

describe('what is spooled', () => {
  test('is found where it waits and where it was set aside', async () => {
    const [one, two, three] = [spooled('one'), spooled('two'), spooled('three')];
    spool.keep([one, two]);
    spool.storeUnreadable([three]);

    const found = await findSpooled(spool, ({ episode }) => episode.content.includes('t'));

    expect(found.toSorted()).toEqual([uuidOf(two), uuidOf(three)].toSorted());
  });

  test('goes alone: others of the same file stay as they were handed in, and the file tells how many they are', async () => {
    const [one, two, three] = [spooled('one'), spooled('two'), spooled('three')];
    spool.keep([one, two, three]);

    expect(await forgetSpooled(spool, 'harbor', uuids(two))).toBe(1);

    expect(await texts()).not.toContain('two');
    const left: SpooledEpisode[] = [];
    await findSpooled(spool, (it) => left.push(it) < 0);
    expect(left).toEqual([one, three]);
    expect(spool.names().map(episodesInFile)).toEqual([2]);
  });

  test('goes with its file when it is alone there, also where it was set aside', async () => {
    const [one, two] = [spooled('one'), spooled('two')];
    spool.keep([one]);
    spool.storeUnreadable([two]);

    expect(await forgetSpooled(spool, 'harbor', uuids(one, two))).toBe(2);

    expect(spool.files()).toEqual([]);
  });

  test('of another memory stays, and so does what cannot be read', async () => {
    const one = spooled('one', 'quay');
    spool.keep([one]);
    const path = join(spool.folder, '2025-01-01_broken_1.json');
    await writeFile(path, '{');

    expect(await forgetSpooled(spool, 'harbor', uuids(one))).toBe(0);

    expect(await texts()).toContain('one');
    expect(await readFile(path, 'utf8')).toBe('{');
  });

  test('is nothing where there is no spool', async () => {
    expect(await forgetSpooled(spool, 'harbor', new Set(['x']))).toBe(0);
    expect(await findSpooled(spool, () => true)).toEqual([]);
  });
});

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

describe('a spooled episode', () => {
  test('is found whether waiting or set aside', async () => {
    const [one, two, three] = [spooled('one'), spooled('two'), spooled('three')];
    spool.keep([one, two]);
    spool.storeUnreadable([three]);

    const found = await findSpooled(spool, ({ episode }) => episode.content.includes('t'));

    expect(found.toSorted()).toEqual([uuidOf(two), uuidOf(three)].toSorted());
  });

  test('is removed alone: others in the same file are unchanged, and the file states their number', async () => {
    const [one, two, three] = [spooled('one'), spooled('two'), spooled('three')];
    spool.keep([one, two, three]);

    expect(await forgetSpooled(spool, 'harbor', uuids(two))).toBe(1);

    expect(await texts()).not.toContain('two');
    const left: SpooledEpisode[] = [];
    await findSpooled(spool, (it) => left.push(it) < 0);
    expect(left).toEqual([one, three]);
    expect(spool.names().map(episodesInFile)).toEqual([2]);
  });

  test('is removed with its file when it is the only one, also when set aside', async () => {
    const [one, two] = [spooled('one'), spooled('two')];
    spool.keep([one]);
    spool.storeUnreadable([two]);

    expect(await forgetSpooled(spool, 'harbor', uuids(one, two))).toBe(2);

    expect(spool.files()).toEqual([]);
  });

  test('of another memory stays, and so does an unreadable file', async () => {
    const one = spooled('one', 'quay');
    spool.keep([one]);
    const path = join(spool.folder, '2025-01-01_broken_1.json');
    await writeFile(path, '{');

    expect(await forgetSpooled(spool, 'harbor', uuids(one))).toBe(0);

    expect(await texts()).toContain('one');
    expect(await readFile(path, 'utf8')).toBe('{');
  });

  test('is not found when there is no spool', async () => {
    expect(await forgetSpooled(spool, 'harbor', new Set(['x']))).toBe(0);
    expect(await findSpooled(spool, () => true)).toEqual([]);
  });
});

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestName, readManifest } from '../../../src/archive/manifest.ts';
import { replaceGraph } from '../../../src/archive/replace-graph.ts';
import { loadIntoScratch } from '../../../src/archive/restore.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { newEpisode } from '../../../src/episode.ts';
import { StoreUnreachableError } from '../../../src/errors.ts';
import { raiseFence, readFence } from '../../../src/graph/queries/fence.ts';
import { recordEpisodes } from '../../../src/graph/queries/record.ts';
import { writeSagaSummary } from '../../../src/graph/queries/sagas.ts';
import { changeLogKey } from '../../../src/journal/change-log.ts';
import type { JournalEntry } from '../../../src/journal/entry.ts';
import { entryFields, journalKey } from '../../../src/journal/stream.ts';
import { useRebuilding } from './support.ts';

const { opened, journals, open } = useRebuilding();

describe('a lost graph is rebuilt exactly, without model calls,', () => {
  const all = async (memory: ReturnType<typeof open>) => ({ hash: await memory.hash(), asked: memory.asked() });

  test('from the journal alone', async () => {
    const memory = open();
    await memory.work(1);
    await memory.work(4);
    const before = await all(memory);
    const [held] = await memory.graph.read(
      `MATCH (c:Community) WITH count(c) > 0 AS communities
       MATCH (s:Saga) WITH communities, s.summary <> '' AS saga
       MATCH (n:Entity {name: 'Harbor'}) WITH communities, saga, n.summary AS summary
       MATCH (k:_Meta) RETURN communities, saga, summary, count(k.removed_at) AS removed, count(k.committed_at) AS committed`,
    );
    expect(held).toMatchObject({ communities: true, saga: true, summary: 'Told on day 4.', removed: 2, committed: 8 });
    await memory.lose();
    expect(await memory.hash()).not.toBe(before.hash);

    const rebuilt = await memory.manager.archives.rebuild();

    expect(await all(memory)).toEqual(before);
    expect(rebuilt).toMatchObject({ file: null, complete: true, problems: [], queuedAgain: 0, recordedAgain: 0 });
    expect(await memory.manager.getGraphSize()).toMatchObject({
      episodes: 6,
      facts: rebuilt.facts,
      entities: rebuilt.entities,
    });
  });

  test('from an archive and the journal, trimmed or not, also a second time', async () => {
    const memory = open();
    await memory.work(1);
    const { file, journal } = await memory.export();
    await memory.work(4);
    const before = await all(memory);
    await memory.lose();
    expect(await memory.manager.archives.rebuild()).toMatchObject({ file, complete: true });
    expect(await all(memory)).toEqual(before);

    await memory.work(7);
    const after = await all(memory);
    const entries = (await journals.journal.size(memory.group)).entries;
    // As ten minutes later: nothing before the archive is kept.
    const trimmed = await opened.valkey.xtrim(
      journalKey(opened.valkey, memory.group),
      'MINID',
      '=',
      journal.position ?? '',
    );
    expect(trimmed).toBeGreaterThan(10);
    expect((await journals.journal.size(memory.group)).entries).toBe(entries - trimmed);
    await memory.lose();

    expect(await memory.manager.archives.rebuild()).toMatchObject({ file, complete: true });
    expect(await all(memory)).toEqual(after);
  });

  test('after an archive was restored, from that archive and the later journal', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const { file } = await memory.export();
    await memory.store(2, 'Harbor uses Mistake.');
    await memory.manager.archives.restore(file, { replace: true });
    await memory.store(3, 'Quay uses Node.', { saga: 'session' });
    const before = await all(memory);
    await memory.lose();

    expect(await memory.manager.archives.rebuild()).toMatchObject({ file, complete: true, facts: 2 });

    expect(await all(memory)).toEqual(before);
    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)', 'Quay uses Node 3– (1)']);
  });

  test('after a restore whose final answer was lost', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const { file, sha256 } = await memory.export();
    await memory.store(2, 'Harbor uses Mistake.');
    const { scratch } = await loadIntoScratch(
      opened.graphs,
      folderStore(memory.exportDir),
      await readManifest(folderStore(memory.exportDir), manifestName(file)),
      memory.group,
      'whole',
    );
    const takePlace: typeof scratch.takePlace = async (mayHappen) => {
      await scratch.takePlace(mayHappen);
      throw new StoreUnreachableError('The answer was lost.');
    };
    await expect(
      replaceGraph({ ...scratch, takePlace }, opened.valkey, opened.leases, { replace: true, base: { file, sha256 } }),
    ).rejects.toMatchObject({ name: 'StoreUnreachableError' });
    await memory.store(3, 'Quay uses Node.');
    const before = await all(memory);
    await memory.lose();

    expect(await memory.manager.archives.rebuild()).toMatchObject({ file, complete: true });

    expect(await all(memory)).toEqual(before);
  });

  test.each(['the journal alone', 'an older archive and the journal'])(
    'without the sentence of a forgotten fact, from %s',
    async (from) => {
      const memory = open();
      await memory.store(1, 'Harbor uses Redis. Quay uses Kafka.');
      if (from !== 'the journal alone') await memory.export();
      const [fact] = await memory.graph.read<{ uuid: string }>(
        `MATCH ()-[e:RELATES_TO {fact: 'Harbor uses Redis'}]->() RETURN e.uuid AS uuid`,
      );
      await memory.forget({ facts: [fact?.uuid ?? ''] });
      const vectors = 'MATCH (v:_PassageVector) MATCH (p:_Passage {passage: v.passage}) RETURN count(p) AS n';
      expect(await memory.graph.read(vectors)).toEqual([{ n: 1 }]);
      const before = await all(memory);
      await memory.lose();

      expect(await memory.manager.archives.rebuild()).toMatchObject({ complete: true, problems: [] });

      expect(await all(memory)).toEqual(before);
      const texts = await memory.graph.read<{ content: string; terms: string }>(
        'MATCH (e:Episodic) MATCH (p:_Passage {episode: e.uuid}) RETURN e.content AS content, p.terms AS terms',
      );
      expect(texts).toEqual([{ content: expect.stringContaining('Kafka'), terms: expect.stringContaining('kafka') }]);
      expect(JSON.stringify(texts)).not.toMatch(/redis/i);
    },
  );

  test('together with episodes that were recorded but not read yet', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const waiting = newEpisode('Not read yet.', { file: 'a.ts' }, memory.group, 1000);
    await recordEpisodes(memory.graph, [waiting]);
    const before = await all(memory);
    await memory.lose();

    await memory.manager.archives.rebuild();

    expect(await all(memory)).toEqual(before);
    expect((await memory.manager.getEpisode(waiting.uuid)).content).toBe('Not read yet.');
  });

  test('replacing what was stored in the meantime, whose texts are kept', async () => {
    const memory = open();
    await memory.work(1);
    const facts = await memory.facts();
    await memory.loseForGood();
    const since = await memory.store(9, 'Dock uses Rust.');
    await expect(memory.manager.archives.rebuild()).rejects.toMatchObject({ name: 'InvalidInputError' });

    expect(await memory.manager.archives.rebuild({ replace: true })).toMatchObject({ complete: true });

    expect(await memory.facts()).toEqual(facts);
    expect((await memory.manager.getEpisode(since)).uuid).toBe(since);
  });
});

describe('a change that the graph refused', () => {
  test('is not replayed, whether its entry was removed or its worker died first', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.', { saga: 'session' });
    const [saga] = await memory.graph.read<{ uuid: string }>('MATCH (s:Saga) RETURN s.uuid AS uuid');
    const summary = { saga: saga?.uuid ?? '', was: '', summarizedAt: 'now', summarizedValidAt: 'now' };
    let late: Promise<boolean> | undefined;
    const { entries } = await journals.journal.size(memory.group);
    await memory.fenced(async ({ fence, seen }) => {
      expect(await writeSagaSummary(memory.graph, { ...summary, summary: 'Stale.', fence, seen: seen - 1 })).toBe(
        false,
      );
      // Noted under the older lease, and dead before it could write.
      const { query, params } = await entryOf(memory.group, 'Harbor uses Redis');
      const mark = randomUUID();
      const { after } = await entryAfter(memory.group);
      await journals.journal.append(memory.group, { query, params: { ...params, seen, fence, after, mark } });
      late = writeSagaSummary(memory.graph, { ...summary, summary: 'Told.', fence: fence + 1, seen });
      expect(await late).toBe(true);
    });
    expect((await journals.journal.size(memory.group)).entries).toBe(entries + 2);
    const before = await memory.hash();
    await memory.lose();

    expect(await memory.manager.archives.rebuild()).toMatchObject({ complete: true });

    expect(await memory.hash()).toBe(before);
    expect((await memory.manager.sagas.get('session')).summary).toBe('Told.');
  });

  test('is distinguished from an accepted change that had no effect, also when another worker commits in between', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.', { saga: 'session' });
    const [saga] = await memory.graph.read<{ uuid: string }>('MATCH (s:Saga) RETURN s.uuid AS uuid');
    // Another worker commits between the answer and the question for the mark.
    const read = memory.graph.read.bind(memory.graph);
    let asked = 0;
    memory.graph.read = async (query, params) => {
      if (query.includes('coalesce(f.mark')) asked += 1;
      if (asked === 2) {
        memory.graph.read = read;
        await memory.store(2, 'Quay uses Node.');
      }
      return read(query, params);
    };
    const seen = await readFence(memory.graph);
    const summary = {
      saga: saga?.uuid ?? '',
      was: 'otherwise',
      summary: 'Told.',
      summarizedAt: '',
      summarizedValidAt: '',
    };
    expect(await writeSagaSummary(memory.graph, { ...summary, fence: seen, seen })).toBe(false);
    expect(asked).toBe(2);
    const before = await memory.hash();
    await memory.lose();

    expect(await memory.manager.archives.rebuild()).toMatchObject({ complete: true, facts: 2 });

    expect(await memory.hash()).toBe(before);
  });

  test('leaves no journal entry', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const { entries } = await journals.journal.size(memory.group);
    // Somebody else comes in between the reading of the mark and the write.
    const read = memory.graph.read.bind(memory.graph);
    let isLate = true;
    memory.graph.read = async (query, params) => {
      const rows = await read(query, params);
      if (query.includes('coalesce(f.mark') && isLate) {
        isLate = false;
        await memory.graph.write(`MATCH (m:_Meta {key: 'fence'}) SET m.token = m.token + 1`);
      }
      return rows as never;
    };
    expect(await raiseFence(memory.graph, Date.now() + 60_000)).toBeGreaterThan(0);

    memory.graph.read = read;
    expect((await journals.journal.size(memory.group)).entries).toBe(entries + 1);
  });
});

describe('a gap in the journal', () => {
  test('is reported, and everything before the gap is rebuilt', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    await memory.store(2, 'Quay uses Node.');
    await memory.store(3, 'Dock uses Rust.');
    const lost = await idOf(memory.group, 'Quay uses Node');
    await opened.valkey.xdel(journalKey(opened.valkey, memory.group), lost);
    await memory.lose();

    const rebuilt = await memory.manager.archives.rebuild();

    expect(rebuilt).toMatchObject({ complete: false, facts: 1, episodes: 3 });
    expect(rebuilt.problems).toEqual([expect.stringMatching(/^The journal lacks what a change in it was built on/)]);
    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)']);
    // The chain goes on from there.
    await memory.store(4, 'Quay uses Rust.');
    const before = await memory.hash();
    await memory.lose();
    await memory.manager.archives.rebuild();
    expect(await memory.hash()).toBe(before);
  });

  test('does no harm if an older archive and the later journal give the same graph', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const first = await memory.export();
    await memory.store(2, 'Quay uses Node.');
    const second = await memory.export();
    const before = await memory.hash();
    await memory.lose();
    await rm(join(memory.exportDir, second.file));

    const rebuilt = await memory.manager.archives.rebuild();

    expect(rebuilt).toMatchObject({ file: first.file, complete: true });
    expect(await memory.hash()).toBe(before);
  });

  test('is not filled from an archive of another installation whose group has the same name', async () => {
    const memory = open();
    const keys = [journalKey(opened.valkey, memory.group), changeLogKey(opened.valkey, memory.group)];
    await memory.store(1, 'Harbor uses Redis.');
    const own = await memory.export();
    await memory.store(2, 'Quay uses Node.');
    const before = await memory.hash();
    const kept = await Promise.all(keys.map((key) => opened.valkey.dumpBuffer(key)));
    await memory.lose();
    await opened.valkey.del(...keys);
    await memory.store(1, 'Dock uses Perl.');
    const foreign = await memory.export();
    await memory.lose();
    for (const [index, key] of keys.entries()) await opened.valkey.restore(key, 0, kept[index] ?? '', 'REPLACE');

    const { entries } = await journals.journal.size(memory.group);
    await memory.manager.archives.verify(foreign.file, { restore: true });
    expect((await journals.journal.size(memory.group)).entries).toBe(entries);
    const rebuilt = await memory.manager.archives.rebuild();

    expect(rebuilt).toMatchObject({
      file: own.file,
      complete: true,
      problems: [expect.stringContaining(foreign.file)],
    });
    expect(await memory.hash()).toBe(before);
    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)', 'Quay uses Node 2– (1)']);
  });

  test('is reported when Valkey started a new journal, and the archive is still used', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const { file } = await memory.export();
    await memory.store(2, 'Quay uses Node.');
    await opened.valkey.del(journalKey(opened.valkey, memory.group));
    await memory.store(3, 'Dock uses Rust.');
    await memory.lose();

    expect(await memory.manager.archives.rebuild()).toMatchObject({ file, complete: false });

    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)']);
  });

  test('a rebuild of a memory that was never stored to is refused', async () => {
    await expect(open().manager.archives.rebuild()).rejects.toMatchObject({
      name: 'InvalidInputError',
      message: expect.stringMatching(/^There is neither an archive nor a journal of the memory/),
    });
  });
});

async function entriesOf(group: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of journals.journal.entries(group)) entries.push(entry);
  return entries;
}

async function entryOf(group: string, words: string) {
  const found = (await entriesOf(group)).findLast(
    ({ params }) => 'newFacts' in params && JSON.stringify(params).includes(words),
  );
  if (!found) throw new Error(`no entry tells of ${words}`);
  return found;
}

const idOf = async (group: string, words: string) => (await entryOf(group, words)).id;

/** The mark that the last change left. */
async function entryAfter(group: string): Promise<{ after: string }> {
  const last = (await entriesOf(group)).findLast(({ params }) => typeof params.mark === 'string');
  return { after: String(last?.params.mark) };
}

test('journal entries that an archive contains are removed once that archive passed a trial restore', async () => {
  const memory = open();
  await opened.valkey.xadd(
    journalKey(opened.valkey, memory.group),
    '1-1',
    ...entryFields(memory.group, { query: 'RETURN 1', params: {} }, undefined),
  );
  await memory.work(1);
  const { file } = await memory.export();
  const entries = async () => (await journals.journal.size(memory.group)).entries;
  const before = await entries();

  await memory.manager.archives.verify(file);
  expect(await entries()).toBe(before);
  await memory.manager.archives.verify(file, { restore: true });
  expect(await entries()).toBe(before - 1);
});

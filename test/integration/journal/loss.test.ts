import { describe, expect, test, vi } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { CHECK_FENCE, RETURN_FENCE } from '../../../src/graph/queries/fence.ts';
import { recordEpisodes } from '../../../src/graph/queries/record.ts';
import { graphName } from '../../../src/group.ts';
import { changeLogKey } from '../../../src/journal/change-log.ts';
import {
  isUnrepaired,
  journaledGroups,
  lacksTail,
  lossesOf,
  lostGroups,
  recordUnrepaired,
} from '../../../src/journal/lost-changes.ts';
import { journalKey } from '../../../src/journal/stream.ts';
import { until } from '../../support/wait.ts';
import { useRebuilding } from './support.ts';

const { opened, journals, noted, open, falkordb } = useRebuilding();
/** What ends when a worker has replayed the journal. */
const WAITS = {
  name: 'StaleFenceError',
  message: expect.stringMatching(/^The graph of the memory "\S+" lacks changes/),
};
const LOST = { name: 'GraphLostError', message: expect.stringMatching(/^The graph of the memory "\S+" lacks changes/) };

const isNoted = async (group: string) => (await lostGroups(opened.valkey)).includes(group);
/** The commit does not wait for it. */
const noticed = (group: string) => until('the notice of the loss', () => isNoted(group));
/** As an old dump of the graph that is put in place again. */
async function keepCopy(group: string, name = 'first') {
  const copy = `copy-of-${group}-${name}`;
  await falkordb().call('GRAPH.COPY', graphName(group), copy);
  return async () => {
    await falkordb().call('GRAPH.DELETE', graphName(group));
    await falkordb().rename(copy, graphName(group));
  };
}

describe('a graph that lost committed changes', () => {
  test('is detected by the next export, even if nothing was stored since or the whole graph is gone', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    await memory.export();
    await memory.lose();

    await expect(memory.export()).rejects.toMatchObject(WAITS);

    expect(await isNoted(memory.group)).toBe(true);
    expect(await journaledGroups(opened.valkey)).toContain(memory.group);
    expect(await opened.graphs.groups()).not.toContain(memory.group);
  });

  test('is detected by the next commit, is not archived, and is restored completely', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const { file } = await memory.export();
    await memory.store(2, 'Quay uses Node.');
    await memory.loseForGood();
    for (const day of [3, 4, 5, 6]) await memory.store(day, `Dock${day} uses Rust.`);
    const { entries } = await journals.journal.size(memory.group);

    await noticed(memory.group);
    await expect(memory.export()).rejects.toMatchObject(LOST);
    await memory.manager.archives.verify(file, { restore: true });
    expect((await journals.journal.size(memory.group)).entries).toBe(entries);
    const rebuilt = await memory.manager.archives.rebuild({ replace: true });

    expect(rebuilt).toMatchObject({ file, complete: true, problems: [] });
    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)', 'Quay uses Node 2– (1)']);
    // The texts of what was stored meanwhile are there; a worker takes them in again.
    expect((await memory.manager.getGraphSize()).episodes).toBe(6);
    expect(await isNoted(memory.group)).toBe(false);
    expect(await memory.export()).toMatchObject({ group: memory.group });
  });

  test('is restored completely from the journal alone, although more was stored since', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    await memory.loseForGood();
    for (const day of [3, 4, 5]) await memory.store(day, `Dock${day} uses Rust.`);
    await noticed(memory.group);

    await memory.manager.archives.rebuild({ replace: true });

    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)']);
    // And so again, once it goes on from there.
    await memory.store(7, 'Quay uses Node.');
    await memory.lose();
    expect(await memory.manager.archives.rebuild()).toMatchObject({ complete: true });
    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)', 'Quay uses Node 7– (1)']);
  });

  test.each(['before', 'after'])('is detected when an old copy took its place %s the next commit', async (when) => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const putBack = await keepCopy(memory.group);
    await memory.store(2, 'Quay uses Node.');
    const before = await memory.hash();
    await putBack();
    if (when === 'after') {
      await recordUnrepaired(opened.valkey, memory.group);
      await memory.store(3, 'Dock uses Rust.');
    }

    await expect(memory.export()).rejects.toMatchObject(when === 'before' ? WAITS : LOST);
    expect(await memory.manager.archives.rebuild({ replace: true })).toMatchObject({ complete: true });

    if (when === 'before') expect(await memory.hash()).toBe(before);
    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)', 'Quay uses Node 2– (1)']);
  });

  test('is detected when texts were recorded but nothing was committed', async () => {
    const memory = open();
    await recordEpisodes(memory.graph, [newEpisode('Not read yet.', null, memory.group, 1000)]);
    await memory.lose();

    await expect(memory.export()).rejects.toMatchObject(WAITS);
  });

  test('is detected although an earlier release, which keeps no such mark, committed since', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    await memory.store(2, 'Quay uses Node.');
    await noted(memory.graph);
    await opened.valkey.hdel(changeLogKey(opened.valkey, memory.group), 'taken');
    await memory.loseForGood();
    await memory.store(3, 'Dock uses Rust.');

    await noticed(memory.group);
  });

  test('is detected by the nightly export when only an earlier release committed since', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const taken = await noted(memory.graph);
    await memory.loseForGood();
    await memory.store(3, 'Dock uses Rust.');
    await noticed(memory.group);
    await noted(memory.graph);
    await opened.valkey.hset(changeLogKey(opened.valkey, memory.group), 'taken', taken);
    await opened.valkey.hdel(changeLogKey(opened.valkey, memory.group), 'lost');

    await expect(memory.export()).rejects.toMatchObject(LOST);
  });
});

describe('changes that a graph lost', () => {
  test('stop the next commit, and are replayed exactly and without a model', async () => {
    const memory = open();
    await memory.work(1);
    const putBack = await keepCopy(memory.group);
    await memory.work(4);
    await memory.store(7, 'Nothing of note was said at the end.');
    const before = await memory.hash();
    await putBack();

    await expect(memory.store(8, 'Dock uses Rust.')).rejects.toMatchObject(WAITS);
    expect(await isNoted(memory.group)).toBe(true);
    const asked = memory.asked();
    expect(await memory.replay()).toMatchObject({ outcome: 'complete' });

    expect(memory.asked()).toEqual(asked);
    expect(await isNoted(memory.group)).toBe(false);
    // The text of the refused commit is recorded, and its facts follow when it is tried again.
    expect(await memory.facts()).not.toContain('Dock uses Rust 8– (1)');
    await memory.store(8, 'Dock uses Rust.');
    expect(await memory.facts()).toContain('Dock uses Rust 8– (1)');
    expect(await memory.export()).toMatchObject({ group: memory.group });
    expect(before).not.toBe(await memory.hash());
  });

  test.each(['all of it', 'its last change', 'its last text without facts'])(
    'leave the graph as it was, when it lost %s',
    async (what) => {
      const memory = open();
      await memory.work(1);
      const putBack = what === 'all of it' ? memory.lose : await keepCopy(memory.group);
      if (what !== 'its last text without facts') await memory.store(2, 'Quay uses Node.', { saga: 'session' });
      if (what !== 'its last change') await memory.store(3, 'Nothing of note was said.');
      const before = await memory.hash();
      await putBack();
      expect(await memory.hash()).not.toBe(before);

      expect(await memory.replay()).toMatchObject({ outcome: 'complete' });

      expect(await memory.hash()).toBe(before);
      // A second time changes nothing.
      expect(await memory.replay()).toMatchObject({ outcome: 'complete', changes: 0 });
      expect(await memory.hash()).toBe(before);
    },
  );

  test('leave a graph without facts as it was, when it lost all of it', async () => {
    const memory = open();
    await memory.store(1, 'Nothing of note was said.');
    const before = await memory.hash();
    await memory.lose();

    expect(await memory.replay()).toMatchObject({ outcome: 'complete' });

    expect(await memory.hash()).toBe(before);
  });

  test('do not bring back what was forgotten or masked, and are not brought back by what is repeated', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis. Quay uses Node.');
    const gone = await memory.store(2, 'Harbor uses Zircon.');
    await memory.store(3, 'Dock uses Rust. The key is AKIAQYLPMN5HFIQR7XYA.');
    const putBack = await keepCopy(memory.group);
    const fact = (
      await memory.graph.read<{ uuid: string }>(
        "MATCH ()-[e:RELATES_TO {fact: 'Quay uses Node'}]->() RETURN e.uuid AS uuid",
      )
    )[0]?.uuid;
    await memory.remove(gone);
    await memory.forget({ facts: [fact ?? ''] });
    await memory.forgetting.redact(memory.group);
    await noted(memory.graph);
    const before = await memory.hash();
    const facts = await memory.facts();
    expect(facts).toContain('Harbor uses Redis 1– (1)');
    // Nothing is lost: only what needs no lease is repeated.
    expect(await memory.replay()).toEqual({ outcome: 'complete', changes: 0 });
    expect(await memory.hash()).toBe(before);

    await putBack();
    expect(await memory.replay()).toMatchObject({ outcome: 'complete' });

    const [texts] = await memory.graph.read<{ all: string }>(
      'MATCH (n) OPTIONAL MATCH (n)-[e]->() RETURN collect([n.content, n.name, n.terms, n.metadata, n.statement, e.fact]) AS all',
    );
    expect(JSON.stringify(texts)).not.toMatch(/Zircon|zircon|Quay uses Node|AKIAQYLPMN5HFIQR7XYA/);
    expect(await memory.facts()).toEqual(facts);
    expect(await memory.hash()).toBe(before);
  });

  test('of the same lease as the last one that it has are noticed', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    let putBack = async () => {};
    await memory.fenced(async ({ fence, seen }) => {
      await memory.graph.change(`${CHECK_FENCE} SET m.first = 1 ${RETURN_FENCE}`, { fence, seen });
      putBack = await keepCopy(memory.group);
      await memory.graph.change(`${CHECK_FENCE} SET m.second = 1 ${RETURN_FENCE}`, { fence, seen: fence });
    });
    await noted(memory.graph);
    await putBack();

    await expect(memory.store(2, 'Quay uses Node.')).rejects.toMatchObject(WAITS);
    await expect(memory.export()).rejects.toMatchObject(WAITS);

    expect(await memory.replay()).toEqual({ outcome: 'complete', changes: 1 });
    expect(await memory.export()).toMatchObject({ group: memory.group });
  });

  test.each([
    ['the graph is whole', true],
    ['an earlier replay was interrupted', false],
  ])('are told from changes that were taken and not noted, when %s', async (_, isWhole) => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const putBackFirst = await keepCopy(memory.group);
    let [taken, putBackSecond] = ['', async () => {}];
    await memory.fenced(async ({ fence, seen }) => {
      await memory.graph.change(`${CHECK_FENCE} SET m.first = 1 ${RETURN_FENCE}`, { fence, seen });
      taken = await noted(memory.graph);
      await memory.graph.change(`${CHECK_FENCE} SET m.second = 1 ${RETURN_FENCE}`, { fence, seen: fence });
      await noted(memory.graph);
      if (!isWhole) putBackSecond = await keepCopy(memory.group, 'second');
      await memory.graph.change(`${CHECK_FENCE} SET m.third = 1 ${RETURN_FENCE}`, { fence, seen: fence });
    });
    await noted(memory.graph);
    await opened.valkey.hset(changeLogKey(opened.valkey, memory.group), 'taken', taken);
    if (!isWhole) {
      await putBackFirst();
      await expect(memory.store(2, 'Quay uses Node.')).rejects.toMatchObject(WAITS);
      // The worker that replayed the changes died before the last one.
      await putBackSecond();
    }

    expect(await memory.replay()).toEqual({ outcome: 'complete', changes: isWhole ? 0 : 1 });

    const [fence] = await memory.graph.read(
      "MATCH (m:_Meta {key: 'fence'}) RETURN m.second AS second, m.third AS third",
    );
    expect(fence).toEqual({ second: 1, third: 1 });
    expect(await isUnrepaired(opened.valkey, memory.group)).toBe(false);
    expect(await isNoted(memory.group)).toBe(false);
    await memory.store(3, 'Dock uses Rust.');
    await noted(memory.graph);
    // The next loss is noticed, and nothing is written over it.
    await (isWhole ? putBackFirst() : memory.lose());
    await expect(memory.store(4, 'Pier uses Go.')).rejects.toMatchObject(WAITS);
    expect(await memory.replay()).toMatchObject({ outcome: 'complete' });
    await memory.store(4, 'Pier uses Go.');
    expect((await memory.facts()).sort()).toEqual([
      'Dock uses Rust 3– (1)',
      'Harbor uses Redis 1– (1)',
      'Pier uses Go 4– (1)',
    ]);
  });

  test('are not searched in the whole journal because of a commit between two reads', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    await noted(memory.graph);
    const pages = vi.spyOn(opened.valkey, 'xrangeBuffer');
    const graph: Pick<GroupGraph, 'read'> = {
      async read(query, params) {
        await memory.store(2, 'Quay uses Node.');
        await noted(memory.graph);
        pages.mockClear();
        return memory.graph.read(query, params);
      },
    };

    expect(await lacksTail(opened.valkey, memory.group, graph)).toBe('no');

    expect(pages).not.toHaveBeenCalled();
    pages.mockRestore();
  });

  test('cannot be replayed after a restore or without the start of the journal, and the memory goes on', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const { file } = await memory.export();
    const putBack = await keepCopy(memory.group);
    await memory.manager.archives.restore(file, { replace: true });
    await memory.store(2, 'Quay uses Node.');
    await putBack();
    await expect(memory.store(3, 'Dock uses Rust.')).rejects.toMatchObject(WAITS);

    expect(await memory.replay()).toEqual({ outcome: 'impossible', changes: 0 });

    await memory.store(3, 'Dock uses Rust.');
    expect(await lossesOf(opened.valkey)).toContainEqual({ group: memory.group, isUnrepaired: true });
    expect(await memory.manager.archives.rebuild({ replace: true })).toMatchObject({ complete: true });
    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)', 'Quay uses Node 2– (1)']);
    expect(await isNoted(memory.group)).toBe(false);
  });
});

describe('accepting a loss', () => {
  test('works when the loss was intended, and the memory continues', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    await memory.loseForGood();
    await memory.store(2, 'Quay uses Node.');

    await memory.manager.archives.acceptLoss();

    const { file } = await memory.export();
    await memory.manager.archives.verify(file, { restore: true });
    expect(await isNoted(memory.group)).toBe(false);
    expect((await journals.journal.size(memory.group)).gap).toBeNull();
    await memory.store(3, 'Dock uses Rust.');
    const before = await memory.hash();
    await memory.lose();
    expect(await memory.manager.archives.rebuild()).toMatchObject({ file, complete: true });
    expect(await memory.hash()).toBe(before);
  });

  test('of a whole memory removes its journal', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    await memory.lose();

    await memory.manager.archives.acceptLoss();

    expect(
      await opened.valkey.exists(journalKey(opened.valkey, memory.group), changeLogKey(opened.valkey, memory.group)),
    ).toBe(0);
    await memory.store(2, 'Quay uses Node.');
    expect(await isNoted(memory.group)).toBe(false);
  });

  test('is refused when nothing was lost', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');

    await expect(memory.manager.archives.acceptLoss()).rejects.toMatchObject({ name: 'InvalidInputError' });
  });

  test('is not necessary after an older archive was restored on purpose', async () => {
    const memory = open();
    await memory.store(1, 'Harbor uses Redis.');
    const { file } = await memory.export();
    await memory.store(2, 'Quay uses Node.');

    await memory.manager.archives.restore(file, { replace: true });
    await memory.store(3, 'Dock uses Rust.');

    expect(await memory.export()).toMatchObject({ group: memory.group });
    expect(await isNoted(memory.group)).toBe(false);
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import { type Journal, openJournal } from '../../../src/journal/journal.ts';
import { isLaterEntry } from '../../../src/journal/replay-plan.ts';
import { journalKey } from '../../../src/journal/stream.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
let journal: Journal;
beforeAll(() => {
  journal = openJournal(opened.valkey);
});

const entry = (name: string, embedding = [0.5, 0.25]) => ({ query: 'RETURN $x', params: { x: { name, embedding } } });

async function namesOf(group: string, after?: string, until?: string): Promise<unknown[]> {
  const names: unknown[] = [];
  for await (const { params } of journal.entries(group, after, until)) names.push((params.x as { name: string }).name);
  return names;
}

test('the journal returns entries in order, with their number and size', async () => {
  const group = newGroup();
  expect(await journal.size(group)).toEqual({ entries: 0, since: null, bytes: 0, gap: null });
  expect(await journal.position(group)).toBe('0-0');
  const before = Date.now();

  const ids: string[] = [];
  for (let number = 0; number < 40; number += 1) ids.push(await journal.append(group, entry(`n${number}`)));

  expect(await namesOf(group)).toEqual(ids.map((_, number) => `n${number}`));
  expect(await namesOf(group, ids[36], ids[38])).toEqual(['n37', 'n38']);
  expect(await journal.position(group)).toBe(ids[39]);
  const { entries, since, bytes } = await journal.size(group);
  expect(entries).toBe(40);
  expect(Math.abs(Number(since) - before)).toBeLessThan(10 * 60_000);
  expect(bytes).toBeGreaterThan(40 * 50);
});

test('the journal removes single entries, and old entries that an archive contains', async () => {
  const group = newGroup();
  const old = Date.now() - 3_600_000;
  for (const minute of [0, 20, 40])
    await opened.valkey.xadd(journalKey(opened.valkey, group), `${old + minute * 60_000}-0`, 'entry', 'x');
  const [one, two] = [await journal.append(group, entry('one')), await journal.append(group, entry('two'))];

  await journal.removeRefused(group, one, 'a mark that nothing followed on');
  // The ten minutes before are kept.
  expect(await journal.trim(group, `${old + 40 * 60_000}-0`)).toBe(2);
  expect((await journal.size(group)).entries).toBe(2);
  expect(await journal.trim(group, '0-0')).toBe(0);
  // Of another journal, as of a group of the same name on another machine.
  expect(await journal.trim(group, `${Date.now() + 3_600_000}-7`)).toBe(0);
  expect(await journal.trim(group, two)).toBe(1);
  expect(await namesOf(group)).toEqual(['two']);
});

describe('the chain of entries under a fence', () => {
  const chained = (seen: number, after: string, mark: string) => ({
    query: '',
    params: { fence: 9, seen, after, mark },
  });

  test('keeps an entry that a later entry refers to', async () => {
    const group = newGroup();
    const refused = await journal.append(group, chained(0, '', 'refused'));
    const taken = await journal.append(group, chained(0, '', 'taken'));
    await journal.append(group, chained(9, 'taken', 'next'));

    await journal.removeRefused(group, refused, 'refused');
    await journal.removeRefused(group, taken, 'taken');

    expect((await journal.size(group)).entries).toBe(2);
  });

  test('reports a missing entry until a later archive is verified', async () => {
    const group = newGroup();
    const gaps: string[] = [];
    const own = openJournal(opened.valkey, { onGap: (it) => gaps.push(it) });
    await own.append(group, chained(0, '', 'first'));
    await own.append(group, chained(9, 'first', 'second'));
    // One that the graph refused, the next one, and one of a worker that was frozen meanwhile.
    await own.append(group, chained(9, 'second', 'refused'));
    await own.append(group, chained(9, 'second', 'third'));
    await own.append(group, chained(9, 'third', 'fourth'));
    await own.append(group, chained(9, 'second', 'late'));
    await own.append(group, chained(9, 'fourth', 'fifth'));
    expect([gaps, (await own.size(group)).gap]).toEqual([[], null]);

    const first = await own.append(group, chained(9, 'lost with the last second', 'after that'));
    const position = await own.append(group, chained(9, 'after that', 'and so on'));

    expect(gaps).toEqual([group]);
    expect((await own.size(group)).gap).toEqual(new Date(Number(first.split('-')[0])));
    await own.trim(group, position);
    expect((await own.size(group)).gap).toBeNull();
  });
});

describe('a rewrite of the journal', () => {
  test('keeps the ids and returns how many entries changed', async () => {
    const group = newGroup();
    const ids = [];
    for (const name of ['Ada', 'Bo', 'Cy']) ids.push(await journal.append(group, entry(name)));

    const changed = await journal.rewrite(group, (it) =>
      (it.params.x as { name: string }).name === 'Bo' ? entry('X') : it,
    );

    expect(changed).toBe(1);
    expect(await namesOf(group)).toEqual(['Ada', 'X', 'Cy']);
    expect(await namesOf(group, ids[0], ids[1])).toEqual(['X']);
    expect(await opened.valkey.pttl(journalKey(opened.valkey, group))).toBe(-1);
    expect(isLaterEntry(await journal.append(group, entry('Di')), ids[2] ?? '')).toBe(true);
    expect(await opened.valkey.keys(`${journalKey(opened.valkey, group)}*`)).toEqual([
      journalKey(opened.valkey, group),
    ]);
  });

  test('leaves the journal as it is when no entry changes', async () => {
    const group = newGroup();
    await journal.append(group, entry('Ada'));

    expect(await journal.rewrite(group, ({ query, params }) => ({ query, params }))).toBe(0);
    expect(await journal.rewrite(newGroup(), () => entry('X'))).toBe(0);
    expect(await opened.valkey.keys(`${journalKey(opened.valkey, group)}*`)).toEqual([
      journalKey(opened.valkey, group),
    ]);
  });

  test('loses no entry that is appended meanwhile', async () => {
    const group = newGroup();
    for (let number = 0; number < 300; number += 1) await journal.append(group, entry(`old${number}`));
    let isDone = false;
    let noted = 0;
    const noting = (async () => {
      while (!isDone) await journal.append(group, entry(`new${noted++}`));
    })();

    const changed = await journal.rewrite(group, (it) => {
      const { name } = it.params.x as { name: string };
      return name.startsWith('old') || name === 'new0' ? entry(`${name}!`) : it;
    });
    isDone = true;
    await noting;

    const names = (await namesOf(group)) as string[];
    expect(noted).toBeGreaterThan(1);
    expect(changed).toBe(301);
    expect(names).toEqual([
      ...Array.from({ length: 300 }, (_, number) => `old${number}!`),
      ...Array.from({ length: noted }, (_, number) => `new${number}${number === 0 ? '!' : ''}`),
    ]);
  });
});

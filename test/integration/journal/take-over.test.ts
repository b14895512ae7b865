import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { readTombstones } from '../../../src/forget/tombstones.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { readChangeHead } from '../../../src/graph/queries/fence.ts';
import { changeLogKey } from '../../../src/journal/change-log.ts';
import { packEntry } from '../../../src/journal/entry.ts';
import { openJournal } from '../../../src/journal/journal.ts';
import { migrateKeys, openKeyMigration } from '../../../src/journal/migrate-keys.ts';
import { journalKey, lastId } from '../../../src/journal/stream.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { groupKey, inNamespace } from '../../../src/valkey/keys.ts';
import { anEpisode, openTestForgetting } from '../../support/forgetting.ts';
import { plainEmbedder } from '../../support/models.ts';
import { useScriptedMemories } from '../../support/scripted-memory.ts';
import { openStoreConnections, useStoreConnections } from '../../support/store-connections.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

// Keys without a prefix, as the first release wrote them for all installations, are those of the default prefix today.
const stores = useStores();
const opened = useStoreConnections(stores);
const openMemory = useScriptedMemories(stores);
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const PREFIX = '{one}';
const EPISODE = '0b8ba2f0-3d8f-4e5e-9d5b-2f6c9a1b7c10';

/** Another process of an installation with a prefix of its own. */
function newProcess(own: { username?: string; password?: string } = {}): Redis {
  const valkey = inNamespace(retryingConnection({ ...stores.config.valkey, ...own }), PREFIX);
  closers.push(() => valkey.disconnect());
  return valkey;
}

/** A memory of the first release: a graph, its journal, and a note of something that was forgotten. */
async function earlierMemory() {
  const memory = openMemory();
  await memory.store(1, 'Harbor uses Redis.');
  await memory.store(2, 'Quay uses Dragonfly.');
  const { group } = memory.graph;
  await asEarlier(memory.graph);
  await opened.valkey.hset(groupKey(opened.valkey, 'forgotten', group), { [`episode ${EPISODE}`]: '5' });
  return { ...memory, group };
}

/** Which change the graph took is noted a moment after it did, and was not noted at all then. */
async function asEarlier(graph: GroupGraph): Promise<void> {
  const key = changeLogKey(opened.valkey, graph.group);
  const { token, changeId: mark } = await readChangeHead(graph);
  await until('the note', async () => (await opened.valkey.hget(key, 'taken')) === `${token} ${mark}`);
  await opened.valkey.hdel(key, 'taken');
}

const dump = async (valkey: Redis, group: string) => ({
  journal: await valkey.xrange(journalKey(valkey, group), '-', '+'),
  chain: await valkey.hgetall(changeLogKey(valkey, group)),
});

describe('an installation with its own key prefix', () => {
  test('copies journal, chain, fence and tombstones of its graph from the old keys, which stay', async () => {
    const { group, graph } = await earlierMemory();
    const before = await dump(opened.valkey, group);
    const valkey = newProcess();

    await migrateKeys(valkey, graph);

    expect(before.journal.length).toBeGreaterThan(0);
    expect(await dump(valkey, group)).toEqual(before);
    expect(await dump(opened.valkey, group)).toEqual(before);
    expect(await valkey.get(groupKey(valkey, 'fence', group))).toBe(
      await opened.valkey.get(groupKey(opened.valkey, 'fence', group)),
    );
    expect(await readTombstones(valkey, group)).toEqual(new Map([[`episode ${EPISODE}`, 5]]));
  });

  test('copies only the tombstones when the journal belongs to another graph', async () => {
    const { group } = await earlierMemory();
    const valkey = newProcess();
    const other = { group, read: async () => [{ token: 7, changeId: 'another' }] as never };

    await migrateKeys(valkey, other);

    expect(await dump(valkey, group)).toEqual({ journal: [], chain: {} });
    expect(await valkey.exists(groupKey(valkey, 'fence', group))).toBe(0);
    expect(await readTombstones(valkey, group)).toEqual(new Map([[`episode ${EPISODE}`, 5]]));
  });

  test('keeps the entries that it wrote itself before the migration', async () => {
    const { group, graph } = await earlierMemory();
    const valkey = newProcess();
    const entry = { query: 'RETURN 1', params: {} };
    await openJournal(valkey).append(group, entry);

    await migrateKeys(valkey, graph);

    const [old, own] = await Promise.all([dump(opened.valkey, group), dump(valkey, group)]);
    expect(own.journal.slice(0, -1)).toEqual(old.journal);
    expect(own.journal.at(-1)?.[1]).toEqual(['entry', packEntry(entry).text]);
    expect(own.chain).toEqual(old.chain);
  });

  test('keeps the later time of a tombstone and the higher fence number', async () => {
    const { group, graph } = await earlierMemory();
    const valkey = newProcess();
    await valkey.hset(groupKey(valkey, 'forgotten', group), { [`episode ${EPISODE}`]: '9', 'entity x': '3' });
    await valkey.set(groupKey(valkey, 'fence', group), '9000000000000');

    await migrateKeys(valkey, graph);

    expect(await readTombstones(valkey, group)).toEqual(
      new Map([
        [`episode ${EPISODE}`, 9],
        ['entity x', 3],
      ]),
    );
    expect(await valkey.get(groupKey(valkey, 'fence', group))).toBe('9000000000000');
  });

  test('migrates once, also with many processes at the same time, and not again when the copied keys are gone', async () => {
    const { group, graph } = await earlierMemory();
    const processes = Array.from({ length: 8 }, () => newProcess());
    await Promise.all(processes.map((valkey) => migrateKeys(valkey, graph)));
    const [valkey] = processes as [Redis];
    const { journal } = await dump(opened.valkey, group);
    const taken = await dump(valkey, group);
    await valkey.unlink(journalKey(valkey, group), changeLogKey(valkey, group));

    await migrateKeys(newProcess(), graph);

    expect(taken.journal).toEqual(journal);
    expect(await dump(valkey, group)).toEqual({ journal: [], chain: {} });
  });

  test('reads again when a worker of the earlier release commits between its two reads', async () => {
    const { group, graph, store } = await earlierMemory();
    const valkey = newProcess();
    let asked = 0;
    const slow = {
      group,
      async read<Row>(query: string): Promise<Row[]> {
        const rows = await graph.read<Row>(query);
        asked += 1;
        if (asked > 1) return rows;
        await store(3, 'Pier uses Redis.');
        await store(4, 'Dock uses Redis.');
        await asEarlier(graph);
        return rows;
      },
    };

    await migrateKeys(valkey, slow);

    expect(asked).toBe(2);
    expect(await dump(valkey, group)).toEqual(await dump(opened.valkey, group));
  });

  test('works without keys that its user may not read, and reports them once', async () => {
    const { group, graph } = await earlierMemory();
    const { host, port } = stores.config.valkey;
    const admin = new Redis({ host, port });
    closers.push(() => admin.disconnect());
    await admin.call('ACL', 'SETUSER', 'one', 'on', '>secret', '~{one}:*', '~(one):*', '&*', '+@all');
    const valkey = newProcess({ username: 'one', password: 'secret' });
    let told = 0;
    const run = openKeyMigration(valkey, { group: () => graph }, () => {
      told += 1;
    });

    for (const name of [group, `${group}-2`, group]) await run(name);

    expect(told).toBe(1);
    expect(await migrateKeys(valkey, openMemory().graph)).toBe(true);
    expect(await lastId(valkey, group)).toBe('0-0');
  });

  test('also forgets what is left under the old keys', async () => {
    const { group, graph, store } = await earlierMemory();
    const secret = await store(3, 'Harbor hides Canary.');
    await asEarlier(graph);
    const own = openStoreConnections({ ...stores.config, queuePrefix: PREFIX });
    closers.push(own.close);
    await migrateKeys(own.valkey, graph);
    const old = `memo:{${group}}:${secret}:extraction`;
    await opened.valkey.set(old, 'Harbor hides Canary.');
    const forgetting = openTestForgetting(stores.config, own, plainEmbedder());

    await forgetting.forget(group, anEpisode(secret));

    for (const valkey of [opened.valkey, own.valkey])
      expect(JSON.stringify(await dump(valkey, group))).not.toContain('Canary');
    expect(await opened.valkey.exists(old)).toBe(0);
  });
});

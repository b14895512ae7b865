import { describe, expect, test } from 'vitest';
import { openGraphs } from '../../../src/graph/graphs.ts';
import { graphName } from '../../../src/group.ts';
import { MemoryManager } from '../../../src/index.ts';
import type { NewEntry } from '../../../src/journal/entry.ts';
import { keyMismatch } from '../../../src/journal/hmac.ts';
import { openJournal } from '../../../src/journal/journal.ts';
import { entryFields, journalKey } from '../../../src/journal/stream.ts';
import type { JournalKey } from '../../../src/settings.ts';
import { DAY } from '../../../src/time.ts';
import { startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup } from '../../support/stores.ts';
import { useRebuilding } from './support.ts';

const { stores, opened, open, falkordb } = useRebuilding();
const key = (since?: Date): JournalKey => ({ secret: 'a secret that Valkey never sees, of 32 and more', since });

/** A memory whose worker has a key of the journal; `graph.change` is what the worker changes. */
function newMemory(own: JournalKey | undefined) {
  const group = newGroup();
  const journal = openJournal(opened.valkey, { key: own });
  const graphs = openGraphs(stores.config.falkordb, { journal });
  const graph = graphs.group(group);
  const config = { ...stores.config, group, exportDir: `${stores.config.exportDir}-${group}` };
  const manager = (with_: JournalKey | undefined) =>
    new MemoryManager(with_ ? { ...config, journalKey: with_ } : config, {
      embedder: { model: 'none', dimension: 4, embed: async () => [], close: async () => {} },
    });
  return {
    ...{ group, journal, graph, close: () => graphs.close() },
    add: (name: string) => graph.change('MERGE (:Entity {uuid: $name, name: $name})', { name }),
    forge: (name: string, fields?: (entry: NewEntry) => (string | Buffer)[]) => {
      const entry = { query: 'MERGE (:Entity {uuid: $name, name: $name})', params: { name } };
      return opened.valkey.xadd(
        journalKey(opened.valkey, group),
        '*',
        ...(fields?.(entry) ?? entryFields(group, entry, undefined)),
      );
    },
    async rebuild(with_: JournalKey | undefined = own) {
      await falkordb()
        .call('GRAPH.DELETE', graphName(group))
        .catch(() => {});
      const memory = manager(with_);
      try {
        const { complete, problems } = await memory.archives.rebuild({ replace: true });
        const rows = await graph.read<{ name: string }>('MATCH (n:Entity) RETURN n.name AS name ORDER BY name');
        return { complete, problems, names: rows.map(({ name }) => name) };
      } finally {
        await memory.close();
      }
    },
  };
}

const refused = (id: string | null, why: string) => `The entry ${id} of the journal ${why}, so it was left out.`;

describe('a journal with a key', () => {
  test('is rebuilt from the entries that workers wrote, without forged entries', async () => {
    const memory = newMemory(key());
    await memory.add('Harbor');
    const other = newMemory(key());
    await other.add('Elsewhere');
    const [[, copied] = []] = await opened.valkey.xrangeBuffer(journalKey(opened.valkey, other.group), '-', '+');
    const forged = [
      await memory.forge('Without'),
      await memory.forge('Wrong', (entry) => [
        ...entryFields(memory.group, entry, undefined),
        'code',
        Buffer.alloc(32),
      ]),
      await memory.forge('Short', (entry) => [...entryFields(memory.group, entry, undefined), 'code', 'x']),
      await memory.forge('Other', (entry) => entryFields(memory.group, entry, { ...key(), secret: 'x'.repeat(40) })),
      await memory.forge('Copied', () => copied as Buffer[]),
    ];
    await memory.add('Quay');

    expect(await memory.rebuild()).toEqual({
      complete: false,
      problems: forged.map((id) => refused(id, 'is not authentic')),
      names: ['Harbor', 'Quay'],
    });
    other.close();
    memory.close();
  });

  test('is complete when nothing is forged, also after forgetting rewrote an entry', async () => {
    const memory = newMemory(key());
    await memory.add('Harbor');
    await memory.add('Quay');

    const changed = await memory.journal.rewrite(memory.group, (entry) => ({
      ...entry,
      params: { name: entry.params.name === 'Quay' ? 'Pier' : (entry.params.name as string) },
    }));

    expect(changed).toBe(1);
    expect(await memory.rebuild()).toEqual({ complete: true, problems: [], names: ['Harbor', 'Pier'] });
    memory.close();
  });

  test('accepts entries without a code from an earlier release, up to the time named with the key', async () => {
    const memory = newMemory(key(new Date(Date.now() + DAY)));
    await memory.forge('Old');
    await memory.add('Harbor');

    expect(await memory.rebuild()).toEqual({ complete: true, problems: [], names: ['Harbor', 'Old'] });
    expect(await memory.rebuild(key(new Date(1)))).toMatchObject({ complete: false, names: ['Harbor'] });
    memory.close();
  });

  test('still refuses a forged entry after forgetting rewrote the journal', async () => {
    const memory = newMemory(key());
    const forged = await memory.forge('Wrong', (entry) => [
      ...entryFields(memory.group, entry, undefined),
      'code',
      Buffer.alloc(32),
    ]);
    await memory.add('Harbor');

    await memory.journal.rewrite(memory.group, (entry) => ({ ...entry, params: { name: 'X' } }));

    expect(await memory.rebuild()).toEqual({
      complete: false,
      problems: [refused(forged, 'is not authentic')],
      names: ['X'],
    });
    memory.close();
  });
});

test.each([
  ['cannot be read', ['entry', '{}']],
  ['is not authentic', undefined],
])(
  'an entry that %s ends the chain: later entries are missing, and the rebuild reports it',
  async (why, replacement) => {
    const memory = open();
    for (const [day, what] of [
      [1, 'Harbor uses Redis.'],
      [2, 'Quay uses Node.'],
      [3, 'Dock uses Rust.'],
    ] as const)
      await memory.store(day, what);
    const stream = journalKey(opened.valkey, memory.group);
    const entries = await opened.valkey.xrangeBuffer(stream, '-', '+');
    const fenced = entries.filter(([, fields]) => String(fields[1]).includes('"mark"'));
    const bad = String(fenced[1]?.[0]);
    await opened.valkey.del(stream);
    for (const [id, fields] of entries) {
      const forged = replacement ?? [...fields, 'code', Buffer.alloc(32)];
      await opened.valkey.xadd(stream, id, ...(String(id) === bad ? forged : fields));
    }
    await memory.lose();
    // The other entries need no code yet, but a code that is there must be valid.
    const manager = new MemoryManager({
      ...{ ...stores.config, group: memory.group, exportDir: memory.exportDir },
      journalKey: key(new Date(Date.now() + DAY)),
    });

    const rebuilt = await manager.archives.rebuild();

    expect(rebuilt).toMatchObject({
      complete: false,
      problems: [refused(bad, why), expect.stringMatching(/^The journal lacks what a change in it was built on/)],
    });
    expect(await memory.facts()).toEqual(['Harbor uses Redis 1– (1)']);
    await manager.close();
  },
);

test('forgetting empties an unreadable entry, and the rebuilt memory lacks what was forgotten', async () => {
  const group = newGroup();
  const config = { ...stores.config, group, exportDir: `${stores.config.exportDir}-${group}` };
  const worker = await startWorkers(config, ['store'], { languageModel: plainModel(), embedder: plainEmbedder() });
  const memory = new MemoryManager(config, { embedder: plainEmbedder() });
  const store = async (content: string) => {
    const receipt = await memory.enqueueEpisode(content);
    await memory.waitFor(receipt);
    return receipt.uuid;
  };
  const forgotten = await store('Harbor uses Redis.');
  const stream = journalKey(opened.valkey, group);
  const bad = await opened.valkey.xadd(stream, '*', 'entry', 'Harbor uses Redis.');
  await store('Quay uses Node.');

  const { outsideGraph: elsewhere } = await memory.forget({ episode: forgotten });

  expect(elsewhere.journal).toBeGreaterThan(0);
  expect(JSON.stringify(await opened.valkey.xrange(stream, '-', '+'))).not.toContain('Redis');
  await falkordb().call('GRAPH.DELETE', graphName(group));
  const { problems } = await memory.archives.rebuild();
  expect(problems.join()).not.toContain(bad);
  expect(await memory.queryMemory('Quay')).toMatch(/Quay uses Node/);
  expect(await memory.queryMemory('Harbor')).not.toContain('Redis');
  await memory.close();
  await worker.close();
});

test('workers with different journal keys get a warning', async () => {
  expect(await keyMismatch(opened.valkey, key())).toBeUndefined();
  expect(await keyMismatch(opened.valkey, key(new Date(5)))).toBeUndefined();
  expect(await keyMismatch(opened.valkey, undefined)).toMatch(/^MEMORY_JOURNAL_KEY is not set, but was/);
  expect(await keyMismatch(opened.valkey, { secret: 'y'.repeat(32) })).toMatch(/^The last worker had another/);
  await opened.valkey.del('journal:key');
});

describe('a journal without a key', () => {
  test('accepts entries signed with a key as well as unsigned ones', async () => {
    const memory = newMemory(key());
    await memory.add('Harbor');
    await memory.forge('Quay');

    expect(await memory.rebuild(undefined)).toMatchObject({ complete: false });
    const plain = newMemory(undefined);
    await plain.add('Harbor');
    await plain.forge('Quay');
    expect(await plain.rebuild()).toEqual({ complete: true, problems: [], names: ['Harbor', 'Quay'] });
    for (const it of [memory, plain]) it.close();
  });

  test.each(['x', '{"version":1}', '{"version":1,"query":1,"params":{}}', '', '[]', 'null'])(
    'that contains %j is rebuilt without that entry, and forgetting removes it',
    async (text) => {
      const memory = newMemory(undefined);
      await memory.add('Harbor');
      const bad = await memory.forge('', () => ['entry', text]);
      await memory.add('Quay');

      expect(await memory.rebuild()).toEqual({
        complete: false,
        problems: [refused(bad, 'cannot be read')],
        names: ['Harbor', 'Quay'],
      });
      expect(await memory.journal.rewrite(memory.group, (entry) => entry)).toBe(1);

      expect((await memory.journal.size(memory.group)).gap).not.toBeNull();
      expect(await memory.rebuild()).toMatchObject({ problems: [], names: ['Harbor', 'Quay'] });
      memory.close();
    },
  );

  test('is not rewritten if it has entries of a newer release', async () => {
    const memory = newMemory(undefined);
    await memory.forge('', () => ['entry', '{"version":2,"query":"","params":{}}']);

    await expect(memory.journal.rewrite(memory.group, (entry) => entry)).rejects.toMatchObject({
      name: 'InvalidInputError',
    });
    memory.close();
  });
});

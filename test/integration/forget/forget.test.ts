import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { ArchiveUnavailableError } from '../../../src/errors.ts';
import { openForgetting } from '../../../src/forget/forget.ts';
import { planForget } from '../../../src/forget/plan.ts';
import { readArchivedTombstones } from '../../../src/forget/tombstones.ts';
import { anEpisode, forgettingParts } from '../../support/forgetting.ts';
import { plainEmbedder } from '../../support/models.ts';
import { randomNumbers } from '../../support/random.ts';
import { type ModelKnowledge, useScriptedMemories } from '../../support/scripted-memory.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const openMemory = useScriptedMemories(stores);
const SINGLE: ModelKnowledge = { single: ['USES'] };

describe('removing an episode', () => {
  test('removes facts that only it states and keeps those that others state', async () => {
    const { graph, store, facts, remove } = openMemory();
    const first = await store(1, 'Harbor uses Redis. Quay uses Dragonfly.');
    await store(2, 'Harbor uses Redis.');

    const removed = await remove(first);

    expect(removed).toMatchObject({
      episodes: [first],
      facts: [expect.any(String)],
      keptFacts: 1,
      reopenedFacts: 0,
      entities: [expect.any(String), expect.any(String)],
    });
    expect(await facts()).toEqual(['Harbor uses Redis 2– (1)']);
    expect(await graph.read('MATCH (n:Entity) RETURN n.name AS name ORDER BY name')).toEqual([
      { name: 'Harbor' },
      { name: 'Redis' },
    ]);
    expect(await graph.read('MATCH (p:Episodic) RETURN count(p) AS n')).toEqual([{ n: 1 }]);
  });

  test('reopens facts that only it had ended, by a newer fact or by a negation', async () => {
    const { graph, store, facts, remove } = openMemory(SINGLE);
    await store(1, 'Harbor uses Redis.');
    const other = await store(3, 'Harbor uses Valkey.');
    const ending = await store(5, 'Harbor not uses Valkey.');
    expect(await facts()).toEqual(['Harbor uses Redis 1–3 (1)', 'Harbor uses Valkey 3–5 (1)']);

    expect(await remove(ending)).toMatchObject({ facts: [], reopenedFacts: 1 });
    expect(await facts()).toEqual(['Harbor uses Redis 1–3 (1)', 'Harbor uses Valkey 3– (1)']);
    expect(await remove(other)).toMatchObject({ facts: [expect.any(String)], reopenedFacts: 1 });
    expect(await facts()).toEqual(['Harbor uses Redis 1– (1)']);

    expect(await graph.read("MATCH (n:Entity {name: 'Harbor'}) RETURN n.summary AS summary")).toEqual([
      { summary: 'Harbor uses Redis' },
    ]);
  });

  test('in a dry run only reports what would be removed', async () => {
    const { graph, store, facts } = openMemory();
    const uuid = await store(1, 'Harbor uses Redis.');

    const { effects: gone } = await planForget(graph, anEpisode(uuid), new Date());

    expect(gone).toMatchObject({ episodes: [uuid], facts: [expect.any(String)] });

    expect(await facts()).toEqual(['Harbor uses Redis 1– (1)']);
  });

  test('is permanent: a redelivered job brings nothing back', async () => {
    const { graph, store, remove, model } = openMemory();
    const uuid = await store(1, 'Harbor uses Redis.');
    await remove(uuid);

    await store(1, 'Harbor uses Redis.', { uuid });

    expect(await graph.read('MATCH (n) WHERE n:Entity OR n:Episodic RETURN count(n) AS n')).toEqual([{ n: 0 }]);
    expect(model.calls).toBe(1);
    expect(await remove(uuid)).toMatchObject({ episodes: [], facts: [], entities: [] });
    expect(JSON.stringify(await graph.read('MATCH (n) RETURN properties(n) AS it'))).not.toContain('Harbor');
  });

  test('closes the gap in its saga', async () => {
    const { graph, store, remove } = openMemory();
    const uuids = [];
    for (const on of [1, 2, 3]) uuids.push(await store(on, `Harbor uses Part${on}.`, { saga: 'session' }));

    await remove(uuids[1] ?? '');
    await remove(uuids[0] ?? '');
    const fourth = await store(4, 'Harbor uses Part4.', { saga: 'session' });

    expect(
      await graph.read(
        `MATCH (s:Saga)-[:HAS_EPISODE]->(p)-[:NEXT_EPISODE]->(q)
         RETURN s.first_episode_uuid AS first, s.last_episode_uuid AS last, p.uuid AS from, q.uuid AS to`,
      ),
    ).toEqual([{ first: uuids[2], last: fourth, from: uuids[2], to: fourth }]);
  });
});

describe('forgetting a fact', () => {
  test('reopens the fact that it had ended, and is permanent until a new episode states the fact', async () => {
    const { graph, store, facts, forget } = openMemory(SINGLE);
    await store(1, 'Harbor uses Redis.');
    const second = await store(3, 'Harbor uses Valkey.');
    const [{ uuid = '' } = {}] = await graph.read<{ uuid: string }>(
      "MATCH ()-[e:RELATES_TO {fact: 'Harbor uses Valkey'}]->() RETURN e.uuid AS uuid",
    );

    const forgotten = await forget({ facts: [uuid] });

    expect(forgotten).toMatchObject({ facts: [uuid], episodes: [], telling: [second], reopenedFacts: 1 });
    expect(await facts()).toEqual(['Harbor uses Redis 1– (1)']);
    await store(3, 'Harbor uses Valkey.', { uuid: second });
    expect(await facts()).toEqual(['Harbor uses Redis 1– (1)']);
    await store(5, 'Harbor uses Valkey.');
    expect(await facts()).toEqual(['Harbor uses Redis 1–5 (1)', 'Harbor uses Valkey 5– (1)']);
  });

  test('also removes the episodes that state it when asked to', async () => {
    const { graph, store, facts, forget } = openMemory();
    const first = await store(1, 'Harbor uses Redis. Quay uses Go.');
    await store(2, 'Quay uses Go.');
    const [{ uuid = '' } = {}] = await graph.read<{ uuid: string }>(
      "MATCH ()-[e:RELATES_TO {fact: 'Harbor uses Redis'}]->() RETURN e.uuid AS uuid",
    );

    expect(await forget({ facts: [uuid], withEpisodes: true })).toMatchObject({ episodes: [first], telling: [] });

    expect(await facts()).toEqual(['Quay uses Go 2– (1)']);
    expect(await graph.read('MATCH (n:Entity) RETURN n.name AS name ORDER BY name')).toEqual([
      { name: 'Go' },
      { name: 'Quay' },
    ]);
  });
});

test('a forgotten entity is removed with its facts and the facts that had ended there, and no node mentions it', async () => {
  const { graph, store, facts, forget } = openMemory();
  const first = await store(1, 'Harbor uses Redis. Harbor uses Node.');
  await store(2, 'Harbor not uses Redis.');
  const [{ uuid = '' } = {}] = await graph.read<{ uuid: string }>(
    "MATCH (n:Entity {name: 'Redis'}) RETURN n.uuid AS uuid",
  );

  const forgotten = await forget({ entities: [uuid] });

  expect(forgotten).toMatchObject({ entities: [uuid], facts: [expect.any(String)] });
  expect(forgotten.telling).toContain(first);
  expect(await facts()).toEqual(['Harbor uses Node 1– (1)']);
  const rest = await graph.read('MATCH (n) WHERE NOT n:Episodic RETURN properties(n) AS it');
  expect(JSON.stringify(rest)).not.toContain(uuid);
  expect(JSON.stringify(rest)).not.toContain('Redis');
});

test('while the archive store is unavailable forgetting still works, and its tombstones are archived later', async () => {
  const { group, store, facts } = openMemory();
  const { config } = stores;
  const uuid = await store(1, 'Harbor uses Redis.');
  const later: string[] = [];
  const archiveStore = folderStore(config.exportDir);
  let isAway = true;
  const forgetting = openForgetting({
    ...forgettingParts(config, opened, plainEmbedder()),
    archives: async () => {
      if (isAway) throw new ArchiveUnavailableError('The archives are away.');
      return archiveStore;
    },
    onLater: async (it) => void later.push(it),
  });

  expect(await forgetting.forget(group, anEpisode(uuid))).toMatchObject({ archives: 'waits' });

  expect(await facts()).toEqual([]);
  expect(later).toEqual([group]);
  await expect(forgetting.archive(group)).rejects.toThrow(ArchiveUnavailableError);
  isAway = false;
  await forgetting.archive(group);
  expect([...(await readArchivedTombstones(archiveStore, group)).tombstones.keys()]).toEqual([`episode ${uuid}`]);
});

test('after forgetting, the graph equals one that never had the episodes (random stories)', {
  timeout: 120_000,
}, async () => {
  const random = randomNumbers(11);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (let round = 0; round < 12; round += 1) {
    const story = Array.from({ length: 10 }, (_, index) => ({
      on: index + 1,
      content: `Harbor ${pick(['uses', 'uses', 'uses', 'not uses', 'has'])} ${pick(['Redis', 'Valkey', 'Dragonfly'])}.`,
      uuid: randomUUID(),
    }));
    const unwanted = new Set([pick(story), pick(story)]);
    const whole = openMemory(SINGLE);
    for (const { on, content, uuid } of [...story].sort(() => random() - 0.5)) await whole.store(on, content, { uuid });
    const without = openMemory(SINGLE);
    for (const it of story) if (!unwanted.has(it)) await without.store(it.on, it.content, { uuid: it.uuid });

    for (const { uuid } of unwanted) await whole.remove(uuid);

    expect({ story, unwanted, facts: await whole.facts() }).toEqual({ story, unwanted, facts: await without.facts() });
  }
});

import { beforeEach, describe, expect, test } from 'vitest';
import { ModelBusyError, StaleFenceError } from '../../../src/errors.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { readCommunities, replaceCommunities } from '../../../src/graph/queries/communities.ts';
import { readFence } from '../../../src/graph/queries/fence.ts';
import { storedVectors } from '../../../src/graph/queries/search-entities.ts';
import { openUpkeep } from '../../../src/upkeep/upkeep.ts';
import { versionKey } from '../../../src/valkey/keys.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { entityUuid, know, useTools, wholeGraph } from './support.ts';

const tools = useTools(useStores());
const build = (group: string, parts = tools) => openUpkeep(parts).run(group, { kind: 'communities' });
const TWO = ['Harbor uses Redis', 'Harbor likes Redis', 'Harbor uses Node', 'Quay uses Python'];

beforeEach(() => {
  tools.languageModel.asked.length = 0;
  tools.embedder.texts.length = 0;
});

describe('communities', () => {
  test('are summarized in one call each, and all names are embedded in one call', async () => {
    const group = newGroup();
    const graph = await know(tools, group, TWO);

    const built = await build(group);

    expect(built).toEqual({ communities: 2, members: 5 });
    expect(tools.languageModel.asked).toHaveLength(2);
    expect(tools.languageModel.asked.flat()).toContainEqual({
      kind: 'community',
      name: '',
      previousSummary: '',
      texts: ['Harbor: A thing.', 'Redis: A thing.', 'Node: A thing.'],
    });
    expect(tools.embedder.texts).toEqual(expect.arrayContaining(['About Harbor']));
    expect(tools.embedder.texts).toHaveLength(2);
    const communities = await readCommunities(graph);
    expect(communities.map(({ name, summary, members }) => ({ name, summary, members }))).toEqual([
      { name: 'About Harbor', summary: 'community of 3.', members: ['Harbor', 'Node', 'Redis'] },
      { name: expect.stringMatching(/About (Quay|Python)/), summary: 'community of 2.', members: ['Python', 'Quay'] },
    ]);
  });

  test('are written as Graphiti writes them', async () => {
    const group = newGroup();
    const graph = await know(tools, group, ['Quay uses Python']);

    await build(group);

    const text = expect.any(String);
    const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/);
    const [node] = await graph.read<{ c: object }>('MATCH (c:Community) RETURN properties(c) AS c');
    expect(node?.c).toEqual({
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: text,
      group_id: group,
      summary: text,
      created_at: date,
      name_embedding: expect.any(Array),
    });
    const edges = await graph.read<{ h: object }>(
      'MATCH (:Community)-[h:HAS_MEMBER]->(:Entity) RETURN properties(h) AS h',
    );
    const edge = { h: { uuid: text, group_id: group, created_at: date } };
    expect(edges).toEqual([edge, edge]);
  });

  test('are built only from current facts', async () => {
    const group = newGroup();
    const graph = await know(tools, group, ['Quay uses Python', 'Harbor uses Redis']);
    await graph.write(`MATCH ()-[e {fact: 'Quay uses Python'}]->() SET e.invalid_at = '2025-02-01T00:00:00+00:00'`);
    await graph.write(`MATCH ()-[e {fact: 'Harbor uses Redis'}]->() SET e.valid_at = '2999-02-01T00:00:00+00:00'`);

    expect(await build(group)).toEqual({ communities: 0, members: 0 });
  });

  test('of a memory that does not exist are empty, and the memory is not created', async () => {
    const group = newGroup();

    expect(await build(group)).toEqual({ communities: 0, members: 0 });
    expect(await tools.valkey.exists(versionKey(tools.valkey, group))).toBe(0);
    expect(await tools.graphs.group(group).read('MATCH (n) RETURN n')).toEqual([]);
  });

  test('never contain entities of another group', async () => {
    const [one, other] = [newGroup(), newGroup()];
    await know(tools, one, TWO);
    const graph = await know(tools, other, ['Quay uses Python']);

    await build(one);

    expect(await readCommunities(graph)).toEqual([]);
  });
});

describe('rebuilding communities', () => {
  test('changes nothing for the same facts, without a model call or a write', async () => {
    const group = newGroup();
    const graph = await know(tools, group, TWO);
    await build(group);
    const before = await wholeGraph(graph);
    const version = await tools.valkey.get(versionKey(tools.valkey, group));
    tools.languageModel.asked.length = 0;

    await build(group);

    expect(tools.languageModel.asked).toEqual([]);
    expect(await wholeGraph(graph)).toEqual(before);
    expect(await tools.valkey.get(versionKey(tools.valkey, group))).toBe(version);
  });

  test('summarizes again only the community with a changed member summary, and keeps its uuid', async () => {
    const group = newGroup();
    const graph = await know(tools, group, TWO);
    await build(group);
    const uuids = (await readCommunities(graph)).map(({ uuid }) => uuid);
    tools.languageModel.asked.length = 0;
    await graph.write(`MATCH (n:Entity {uuid: $uuid}) SET n.summary = 'A snake.'`, {
      uuid: entityUuid(group, 'Python'),
    });

    await build(group);

    expect(tools.languageModel.asked.flat().map(({ texts }) => texts)).toEqual([
      expect.arrayContaining(['Python: A snake.']),
    ]);
    expect((await readCommunities(graph)).map(({ uuid }) => uuid)).toEqual(uuids);
  });

  test('renames and re-embeds a community whose member was renamed', async () => {
    const group = newGroup();
    const graph = await know(tools, group, ['Quay uses Python']);
    await build(group);
    const names = ['Snake', 'Pier', 'Mole'];
    for (const name of names) {
      await graph.write('MATCH (n:Entity) SET n.name = $name', { name });

      await build(group);

      const [community] = await readCommunities(graph);
      expect(community?.name).toBe(`About ${name}`);
      const [expected = []] = await tools.embedder.embed([`About ${name}`]);
      const stored = await storedVectors(graph, 'communities', [community?.uuid ?? '']);
      expect([...stored.values()]).toEqual([expected.map(Math.fround)]);
    }
  });

  test('replaces communities whose members changed, and invalidates caches', async () => {
    const group = newGroup();
    const graph = await know(tools, group, ['Quay uses Python']);
    await build(group);
    const version = await tools.valkey.get(versionKey(tools.valkey, group));
    await know(tools, group, ['Quay uses Go']);

    await build(group);

    expect((await readCommunities(graph)).map(({ members }) => members)).toEqual([['Go', 'Python', 'Quay']]);
    expect(await graph.read(`MATCH (k:_Meta) WHERE k.key STARTS WITH 'community:' RETURN count(k) AS n`)).toEqual([
      { n: 1 },
    ]);
    expect(await tools.valkey.get(versionKey(tools.valkey, group))).not.toBe(version);
  });

  test('replaces communities that Python built', async () => {
    const group = newGroup();
    const graph = await know(tools, group, ['Quay uses Python']);
    await graph.write(
      `MATCH (n:Entity) CREATE (:Community {uuid: n.uuid, name: 'old', group_id: $group})-[:HAS_MEMBER]->(n)`,
      {
        group,
      },
    );

    await build(group);

    expect((await readCommunities(graph)).map(({ members }) => members)).toEqual([['Python', 'Quay']]);
  });
});

describe('a build that fails', () => {
  test('writes nothing, and the retry asks only for the missing summaries', async () => {
    const group = newGroup();
    const graph = await know(tools, group, [...TWO, 'Pier uses Go', 'Mole uses Zig', 'Dock uses C']);
    const before = await wholeGraph(graph);
    let failing = true;
    const { languageModel } = tools;
    const upkeep = openUpkeep({
      ...tools,
      languageModel: {
        ...languageModel,
        async summarize(subjects) {
          if (failing && subjects[0]?.texts.some((text) => text.startsWith('Quay'))) throw new ModelBusyError('Wait.');
          return languageModel.summarize(subjects);
        },
      },
    });

    await expect(upkeep.run(group, { kind: 'communities' })).rejects.toThrow(ModelBusyError);
    expect(await wholeGraph(graph)).toEqual(before);
    failing = false;
    await upkeep.run(group, { kind: 'communities' });

    expect(languageModel.asked).toHaveLength(5);
    expect(await readCommunities(graph)).toHaveLength(5);
  });

  test('is retried if another build replaced a community that was to be kept', async () => {
    const group = newGroup();
    const graph = await know(tools, group, TWO);
    await build(group);
    await know(tools, group, ['Quay uses Go']);
    const { languageModel } = tools;
    const rival = {
      ...tools,
      languageModel: {
        ...languageModel,
        async summarize(subjects: Parameters<typeof languageModel.summarize>[0]) {
          await removeAll(graph);
          return languageModel.summarize(subjects);
        },
      },
    };

    await expect(build(group, rival)).rejects.toThrow(StaleFenceError);
    expect(await build(group)).toEqual({ communities: 2, members: 6 });
  });
});

async function removeAll(graph: GroupGraph): Promise<void> {
  const seen = await readFence(graph);
  await replaceCommunities(graph, { fence: seen, seen, now: new Date(), kept: [], written: [] });
}

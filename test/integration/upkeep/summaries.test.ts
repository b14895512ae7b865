import { beforeEach, describe, expect, test } from 'vitest';
import { InvalidInputError, UnusableReplyError } from '../../../src/errors.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { longEntityKey } from '../../../src/graph/meta-keys.ts';
import { openUpkeep } from '../../../src/upkeep/upkeep.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { entityUuid, know, link, recordDay, useTools, wholeGraph } from './support.ts';

const tools = useTools(useStores());
beforeEach(() => {
  tools.languageModel.asked.length = 0;
});

describe("a saga's summary", () => {
  const summarize = (group: string, parts = tools) =>
    openUpkeep(parts).run(group, { kind: 'summarize-saga', saga: 'session' });
  const stored = async (graph: GroupGraph) =>
    (
      await graph.read(
        `MATCH (s:Saga) RETURN s.summary AS summary, s.last_summarized_at AS at, s.last_summarized_episode_valid_at AS validAt`,
      )
    )[0];

  test('covers its episodes in chronological order, in one call', async () => {
    const group = newGroup();
    const graph = tools.graphs.group(group);
    for (const day of [3, 1, 2]) await link(graph, [await recordDay(graph, day)], new Date(Date.UTC(2026, 0, day)));

    const told = await summarize(group);

    expect(told).toEqual({ name: 'session', summary: 'saga of 3.' });
    expect(tools.languageModel.asked).toEqual([
      [
        {
          kind: 'saga',
          name: 'session',
          previousSummary: '',
          texts: ['2025-01-01: Day 1.', '2025-01-02: Day 2.', '2025-01-03: Day 3.'],
        },
      ],
    ]);
    expect(await stored(graph)).toEqual({
      summary: 'saga of 3.',
      at: '2026-01-03T00:00:00+00:00',
      validAt: '2025-01-03T00:00:00+00:00',
    });
  });

  test('continues with newly arrived episodes, also those that happened earlier', async () => {
    const group = newGroup();
    const graph = tools.graphs.group(group);
    await link(graph, [await recordDay(graph, 5)], new Date('2026-01-01T00:00:00Z'));
    await summarize(group);
    await link(graph, [await recordDay(graph, 2)], new Date('2026-01-02T00:00:00Z'));
    tools.languageModel.asked.length = 0;

    await summarize(group);

    expect(tools.languageModel.asked.flat()).toMatchObject([
      { previousSummary: 'saga of 1.', texts: ['2025-01-02: Day 2.'] },
    ]);
    expect(await stored(graph)).toMatchObject({
      summary: 'saga of 1. saga of 1.',
      validAt: '2025-01-05T00:00:00+00:00',
    });
  });

  test('is not written again when no episode arrived', async () => {
    const group = newGroup();
    const graph = tools.graphs.group(group);
    await link(graph, [await recordDay(graph, 1)]);
    await summarize(group);
    const before = await wholeGraph(graph);

    const told = await summarize(group);

    expect(told).toEqual({ name: 'session', summary: 'saga of 1.' });
    expect(tools.languageModel.asked).toHaveLength(1);
    expect(await wholeGraph(graph)).toEqual(before);
  });

  test('takes the latest 200 episodes first, then all new ones, 200 per call', async () => {
    const group = newGroup();
    const graph = tools.graphs.group(group);
    const many = async (from: number, count: number, at: string) => {
      await graph.write(
        `MERGE (s:Saga {uuid: 's', name: 'session', group_id: 'g'}) WITH s
         UNWIND range($from, $from + $count - 1) AS i
         CREATE (s)-[:HAS_EPISODE {created_at: $at}]->(:Episodic {uuid: 'e' + i, content: 'x' + i, valid_at: '2025-01-01T00:00:00.' + i + '+00:00'})`,
        { from, count, at },
      );
    };
    await many(100_000, 250, '2026-01-01T00:00:00+00:00');
    await summarize(group);
    expect(tools.languageModel.asked.flat().map(({ texts }) => [texts.length, texts.at(-1)])).toEqual([
      [200, '2025-01-01: x100249'],
    ]);

    tools.languageModel.asked.length = 0;
    for (let day = 2; day <= 5; day += 1) await many(100_250 + day * 100, 90, `2026-01-0${day}T00:00:00+00:00`);
    await summarize(group);

    expect(tools.languageModel.asked.flat().map(({ texts }) => texts.length)).toEqual([180, 180]);
  });

  test('is cut at the end of a sentence', async () => {
    const group = newGroup();
    const graph = tools.graphs.group(group);
    await link(graph, [await recordDay(graph, 1)]);
    const text = `${'A long sentence about nothing. '.repeat(40)}`;
    const languageModel = { ...tools.languageModel, summarize: async () => ({ summaries: [{ title: '', text }] }) };

    const told = (await summarize(group, { ...tools, languageModel })) as { summary: string };

    expect(told.summary.length).toBeGreaterThan(900);
    expect(told.summary.length).toBeLessThanOrEqual(1000);
    expect(told.summary).toMatch(/nothing\.$/);
  });

  test('does not change when the model returns nothing', async () => {
    const group = newGroup();
    const graph = tools.graphs.group(group);
    await link(graph, [await recordDay(graph, 1)]);
    const before = await wholeGraph(graph);
    const languageModel = {
      ...tools.languageModel,
      summarize: async () => ({ summaries: [{ title: '', text: ' ' }] }),
    };

    await expect(summarize(group, { ...tools, languageModel })).rejects.toThrow(UnusableReplyError);
    expect(await wholeGraph(graph)).toEqual(before);
  });

  test('is refused without a saga', async () => {
    await expect(summarize(newGroup())).rejects.toThrow(InvalidInputError);
  });
});

describe('entity summaries', () => {
  const summarize = (group: string) => openUpkeep(tools).run(group, { kind: 'summaries' });

  async function noted(group: string, names: readonly string[], facts: number): Promise<GroupGraph> {
    const graph = await know(
      tools,
      group,
      names.map((name) => `${name} uses Redis`),
    );
    for (const name of names) {
      const uuid = entityUuid(group, name);
      await graph.write(
        `CREATE (:_Meta {key: $key, entity: $uuid})
         WITH 1 AS _ MATCH (a:Entity {uuid: $uuid}), (b:Entity {name: 'Redis'})
         UNWIND range(1, $facts) AS i
         CREATE (a)-[:RELATES_TO {uuid: $uuid + i, fact: $name + ' has had the step number ' + i + ' on its long way to the end',
           valid_at: '2025-02-01T00:00:00.' + (100000 + i) + '+00:00'}]->(b)`,
        { key: longEntityKey(uuid), uuid, name, facts },
      );
    }
    return graph;
  }
  const summaries = (graph: GroupGraph) =>
    graph.read(`MATCH (n:Entity) WHERE n.name <> 'Redis' RETURN DISTINCT n.summary AS summary`);
  const notes = async (graph: GroupGraph) =>
    (await graph.read(`MATCH (k:_Meta) WHERE k.entity IS NOT NULL RETURN k.key`)).length;

  test('marked as too long are shortened thirty per call, and the marks are removed', async () => {
    const group = newGroup();
    const names = Array.from({ length: 35 }, (_, i) => `Harbor${i}`);
    const graph = await noted(group, names, 60);

    expect(await summarize(group)).toEqual({ entities: 35 });

    expect(tools.languageModel.asked.map((subjects) => subjects.length)).toEqual([30, 5]);
    expect(await summaries(graph)).toEqual([{ summary: expect.stringMatching(/^A thing\. entity of \d+\.$/) }]);
    expect(await notes(graph)).toBe(0);
  });

  test('are written from the newest current facts that fit, in chronological order', async () => {
    const group = newGroup();
    const graph = await noted(group, ['Harbor'], 100);
    await graph.write(
      `MATCH ()-[e]->() WHERE e.fact CONTAINS 'number 100 ' SET e.invalid_at = '2025-03-01T00:00:00+00:00'`,
    );

    await summarize(group);

    const [subject] = tools.languageModel.asked.flat();
    expect(subject).toMatchObject({ kind: 'entity', name: 'Harbor', previousSummary: 'A thing.' });
    expect(subject?.texts.at(-1)).toContain('number 99 ');
    expect(subject?.texts.at(-2)).toContain('number 98 ');
    expect(subject?.texts.join('').length).toBeLessThan(4000);
  });

  test('cost no call if they became short again or their entity is gone', async () => {
    const group = newGroup();
    const graph = await noted(group, ['Harbor'], 2);
    await graph.write(`CREATE (:_Meta {key: 'long:gone', entity: 'gone'})`);

    expect(await summarize(group)).toEqual({ entities: 0 });

    expect(tools.languageModel.asked).toEqual([]);
    expect(await notes(graph)).toBe(0);
    expect(await summaries(graph)).toEqual([{ summary: 'A thing.' }]);
  });

  test('stay marked and unchanged when facts were added during the model call', async () => {
    const group = newGroup();
    const graph = await noted(group, ['Harbor', 'Quay'], 60);
    const { languageModel } = tools;
    const summarizeMeanwhile: typeof languageModel.summarize = async (subjects) => {
      await graph.write(`MATCH (n:Entity {name: 'Harbor'}) SET n.summary = n.summary + ' Learnt now.'`);
      return languageModel.summarize(subjects);
    };
    const parts = { ...tools, languageModel: { ...languageModel, summarize: summarizeMeanwhile } };

    await openUpkeep(parts).run(group, { kind: 'summaries' });

    expect(await graph.read(`MATCH (n:Entity {name: 'Harbor'}) RETURN n.summary AS summary`)).toEqual([
      { summary: 'A thing. Learnt now.' },
    ]);
    expect(await notes(graph)).toBe(1);
  });

  test('of a memory without marks need nothing', async () => {
    expect(await summarize(newGroup())).toEqual({ entities: 0 });
  });
});

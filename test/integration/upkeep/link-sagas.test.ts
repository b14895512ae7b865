import { describe, expect, test } from 'vitest';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { readFence } from '../../../src/graph/queries/fence.ts';
import { linkSagas } from '../../../src/graph/queries/sagas.ts';
import { maxRowsScanned } from '../../support/profile.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { link, recordDay, useTools, wholeGraph } from './support.ts';

const stores = useStores();
const tools = useTools(stores);
const newGraph = () => tools.graphs.group(newGroup());
const DAYS = [1, 2, 3, 4, 5];

/** The days along the links from the first episode to the last, and how many links and members there are. */
async function chain(graph: GroupGraph, saga = 'session') {
  const [row] = await graph.read<{ days: string[]; links: number; members: number }>(
    `MATCH (s:Saga {name: $saga})-[:HAS_EPISODE]->(p)
     WITH s, count(p) AS members
     OPTIONAL MATCH (s)-[:HAS_EPISODE]->()-[r:NEXT_EPISODE]->()
     WITH s, members, count(r) AS links
     MATCH (f:Episodic {uuid: s.first_episode_uuid}), (l:Episodic {uuid: s.last_episode_uuid})
     MATCH path = (f)-[:NEXT_EPISODE*0..]->(l)
     RETURN [x IN nodes(path) | x.content] AS days, links, members`,
    { saga },
  );
  return row;
}

const chained = (days: readonly number[]) => ({
  days: days.map((day) => `Day ${day}.`),
  links: days.length - 1,
  members: days.length,
});

describe('the chain of a saga', () => {
  test('is the same for every order of arrival', async () => {
    for (const order of permutations(DAYS)) {
      const graph = newGraph();
      for (const day of order) expect(await link(graph, [await recordDay(graph, day)])).toBe(true);

      expect(await chain(graph), String(order)).toEqual(chained(DAYS));
    }
  });

  test('is the same when several episodes arrive together, also from several sagas', async () => {
    const graph = newGraph();
    const other = [await recordDay(graph, 7, 'other'), await recordDay(graph, 6, 'other')];
    await link(graph, [await recordDay(graph, 3)]);

    await link(graph, [await recordDay(graph, 5), ...other, await recordDay(graph, 1), await recordDay(graph, 2)]);
    await link(graph, [await recordDay(graph, 4)]);

    expect(await chain(graph)).toEqual(chained(DAYS));
    expect(await chain(graph, 'other')).toEqual(chained([6, 7]));
  });

  test('is the same when an episode arrives twice', async () => {
    const graph = newGraph();
    const links = await Promise.all(DAYS.map((day) => recordDay(graph, day)));
    await link(graph, links);
    const before = await wholeGraph(graph);

    for (const one of links) await link(graph, [one]);
    await link(graph, links);

    expect(await wholeGraph(graph)).toEqual(before);
  });

  test('within one day follows the order in which the episodes were accepted', async () => {
    const graph = newGraph();
    const first = await recordDay(graph, 1);
    const second = await recordDay(graph, 1);
    await graph.write(`MATCH (p {uuid: $uuid}) SET p.created_at = '2020-01-01T00:00:00+00:00'`, {
      uuid: second.episode,
    });

    await link(graph, [first, second]);

    expect(await graph.read('MATCH (a)-[:NEXT_EPISODE]->(b) RETURN a.uuid AS a, b.uuid AS b')).toEqual([
      { a: second.episode, b: first.episode },
    ]);
  });
});

describe('a saga', () => {
  test('is written as Graphiti writes it', async () => {
    const graph = newGraph();
    await link(graph, [await recordDay(graph, 2), await recordDay(graph, 1)], new Date('2026-01-01T00:00:00Z'));

    const [saga] = await graph.read<{ s: object }>('MATCH (s:Saga) RETURN properties(s) AS s');
    const edges = await graph.read('MATCH ()-[e:HAS_EPISODE|NEXT_EPISODE]->() RETURN properties(e) AS e');

    const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(saga?.s).toEqual({
      uuid,
      name: 'session',
      group_id: graph.group,
      created_at: '2025-01-01T00:00:00+00:00',
      summary: '',
      first_episode_uuid: uuid,
      last_episode_uuid: uuid,
    });
    const edge = { e: { uuid, group_id: graph.group, created_at: '2026-01-01T00:00:00+00:00' } };
    expect(edges).toEqual([edge, edge, edge]);
  });

  test('keeps its summary and its summarization progress when another episode arrives', async () => {
    const graph = newGraph();
    await link(graph, [await recordDay(graph, 1)]);
    await graph.write(`MATCH (s:Saga) SET s.summary = 'So far.', s.last_summarized_at = 'then'`);

    await link(graph, [await recordDay(graph, 2)]);

    expect(await graph.read('MATCH (s:Saga) RETURN s.summary AS summary, s.last_summarized_at AS at')).toEqual([
      { summary: 'So far.', at: 'then' },
    ]);
  });

  test('that Python started continues under its uuid', async () => {
    const graph = newGraph();
    await graph.write(`CREATE (:Saga {uuid: 'given', name: 'session', group_id: $group, summary: 'Old.'})`, {
      group: graph.group,
    });

    await link(graph, [await recordDay(graph, 1)]);

    expect(await graph.read('MATCH (s:Saga)-[:HAS_EPISODE]->() RETURN s.uuid AS uuid, s.summary AS summary')).toEqual([
      { uuid: 'given', summary: 'Old.' },
    ]);
  });

  test('is not changed by a worker that lost its lease', async () => {
    const graph = newGraph();
    const one = await recordDay(graph, 1);
    await link(graph, [one]);
    const seen = await readFence(graph);
    await graph.write(`MATCH (m:_Meta {key: 'fence'}) SET m.token = 100`);
    const before = await wholeGraph(graph);
    const next = { now: new Date(), fence: 50 };

    expect(await linkSagas(graph, { ...next, seen }, [one])).toBe(false);
    expect(await linkSagas(graph, { ...next, seen: 100 }, [one])).toBe(false);
    expect(await wholeGraph(graph)).toEqual(before);
  });
});

test('a late episode of a long saga is inserted in one pass over the saga', async () => {
  const graph = newGraph();
  await graph.prepare(tools.embedder);
  await graph.write(
    `CREATE (s:Saga {uuid: 's', name: 'session', group_id: $group}) WITH s
     UNWIND range(1, 3000) AS i
     CREATE (s)-[:HAS_EPISODE {uuid: 'h' + i}]->(:Episodic {uuid: '11111111-1111-4111-8111-' + (100000000000 + i),
       content: 'x', valid_at: '2024-01-01T00:00:00.' + (100000 + i) + '+00:00', created_at: ''})`,
    { group: graph.group },
  );
  const one = await recordDay(graph, 1);

  const rows = await maxRowsScanned(stores.config, graph, (watched) => link(watched, [one]));

  expect(rows).toBe(3001);
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TimedOutError } from '../../../src/errors.ts';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { openConnectionPool } from '../../../src/graph/pool.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
let admin: Redis;
const opened: Graphs[] = [];

beforeAll(() => {
  admin = new Redis({ host: stores.config.falkordb.host, port: stores.config.falkordb.port });
});
beforeEach(async () => {
  for (const [name, value] of Object.entries(UNLIMITED)) await setting(name, value);
});
afterAll(() => {
  for (const graphs of opened) graphs.close();
  admin.disconnect();
});

const UNLIMITED = { TIMEOUT_DEFAULT: 0, TIMEOUT_MAX: 0, MAX_QUEUED_QUERIES: 4_000_000_000, RESULTSET_SIZE: -1 };
const setting = (name: string, value: number) => admin.call('GRAPH.CONFIG', 'SET', name, String(value));

/** Of a pool of its own, which learns the settings of now. */
function openGraph(): GroupGraph {
  const graphs = openGraphs(stores.config.falkordb, { readers: 20 });
  opened.push(graphs);
  return graphs.group(newGroup());
}

const COUNT = 50;
const SLOW = 'UNWIND range(1, 1500000) AS x WITH count(x) AS n RETURN n';

describe('with a result limit in FalkorDB', () => {
  test.each([
    ['with ORDER BY', 'MATCH (n:Thing) RETURN n.name AS name, properties(n) AS all ORDER BY n.name DESC'],
    ['with UNION', 'MATCH (n:Thing) RETURN n.name AS name UNION ALL MATCH (n:Thing) RETURN n.name AS name'],
    ['with parameters', 'MATCH (n:Thing) WHERE n.name <> $not RETURN n.name AS name, n.vector AS vector'],
    ['with a LIMIT of their own', 'MATCH (n:Thing) WITH n ORDER BY n.name LIMIT 33 RETURN n.name AS name'],
  ])('reads return all rows: %s', async (_, query) => {
    const graph = openGraph();
    await graph.write(`UNWIND range(1, ${COUNT}) AS i CREATE (:Thing {name: toString(i), vector: vecf32([i, 0.5])})`);
    const all = await graph.read(query, { not: '7' });

    await setting('RESULTSET_SIZE', 10);
    const known = openGraphs(stores.config.falkordb);
    opened.push(known);

    expect(all.length).toBeGreaterThan(10);
    expect(await known.group(graph.group).read(query, { not: '7' })).toEqual(all);
  });

  test.each([
    [100, 100],
    [100, 250],
    [12_000, 15_000],
  ])('reads return all rows although the limit of %i cannot be read: %i', async (limit, count) => {
    await admin.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '&*', '+@all', '-graph.config');
    await setting('RESULTSET_SIZE', limit);
    const graphs = openGraphs({ ...stores.config.falkordb, username: 'reader', password: 'secret' }, { readers: 1 });
    opened.push(graphs);
    const graph = graphs.group(newGroup());
    await graph.write(`UNWIND range(1, ${count}) AS i CREATE (:Thing {number: i})`);
    const read = (most: number) =>
      graph.read<{ number: number }>(`MATCH (n:Thing) WHERE n.number <= ${most} RETURN n.number AS number`);

    expect(await read(5)).toHaveLength(5);
    expect(await read(count)).toHaveLength(count);
    expect(await read(99)).toHaveLength(99);
  });

  test('lists, queries, exports and forgetting are complete', async () => {
    const config = { ...stores.config, group: newGroup() };
    await setting('RESULTSET_SIZE', 10);
    const worker: RunningWorkers = await startWorkers(config, ['store', 'export'], {
      languageModel: plainModel(),
      embedder: plainEmbedder(),
    });
    const memory = new MemoryManager(config, { embedder: plainEmbedder() });
    const receipts = await memory.enqueueEpisodes(
      Array.from({ length: COUNT }, (_, index) => ({
        content: `Harbor uses Part${index}.`,
        metadata: { session: 'one' },
      })),
    );
    for (const receipt of receipts) await memory.waitFor(receipt);

    const [entities, history] = [await memory.getEntities(), await memory.getHistory('Harbor')];
    const exported = await memory.export();
    const forgotten = await memory.forget({ session: 'one' });
    const left = await memory.getGraphSize();
    await memory.close();
    await worker.close();

    expect(entities).toHaveLength(COUNT + 1);
    expect(history.facts).toHaveLength(COUNT);
    expect(exported).toMatchObject({ episodes: COUNT, entities: COUNT + 1, facts: COUNT });
    expect(forgotten.episodes).toHaveLength(COUNT);
    expect(left).toMatchObject({ episodes: 0, entities: 0, facts: 0 });
  });
});

describe('with a query timeout in FalkorDB', () => {
  test('our queries run up to their own limit if the server allows more', async () => {
    await setting('TIMEOUT_DEFAULT', 1);
    const graph = openGraph();
    await graph.write('CREATE (:Thing)');

    expect(await graph.read(SLOW)).toEqual([{ n: 1_500_000 }]);
    await graph.write('UNWIND range(1, 50000) AS x CREATE (:Many {x: x})');
    expect(await graph.read('MATCH (m:Many) RETURN count(m) AS n')).toEqual([{ n: 50_000 }]);
  });

  test("an error names the server's timeout if it allows no more, and the job waits", async () => {
    await setting('TIMEOUT_MAX', 1);
    await setting('TIMEOUT_DEFAULT', 1);
    const graph = openGraph();

    const refused = graph.write(`${SLOW.replace('RETURN n', 'CREATE (:Thing {n: n})')}`);

    await expect(refused).rejects.toThrow(TimedOutError);
    await expect(refused).rejects.toThrow(/TIMEOUT_MAX or TIMEOUT_DEFAULT/);
  });
});

test('the error about a full query queue of FalkorDB names the setting that extends it', async () => {
  await setting('MAX_QUEUED_QUERIES', 1);
  const graph = openGraph();
  await graph.write('CREATE (:Thing)');
  const pool = openConnectionPool(stores.config.falkordb, 1);
  // Until the refusal has come, however long that takes.
  let isOver = false;
  const keepAsking = async () => {
    while (!isOver) await graph.read(SLOW).catch(() => {});
  };
  const others = Promise.all(Array.from({ length: 20 }, keepAsking));

  const refused = until('a refusal', () =>
    pool
      // Time for few tries, so that the last one may be refused too.
      .use((connection) => connection.run('GRAPH.RO_QUERY', graph.group, 'RETURN 1', 1000), 200)
      .then(
        () => undefined,
        (error: Error) => (error.message.includes('MAX_QUEUED') ? error : undefined),
      ),
  );

  const { host, port } = stores.config.falkordb;
  expect(await refused).toMatchObject({
    name: 'StoreUnreachableError',
    message: `FalkorDB at ${host}:${port} has as many queries waiting as its MAX_QUEUED_QUERIES allows; raise that setting or give it more threads.`,
  });
  pool.close();
  isOver = true;
  await others;
});

test('a query refused by a full queue of FalkorDB is retried within its limit', async () => {
  await setting('MAX_QUEUED_QUERIES', 1);
  const graph = openGraph();
  await graph.write('CREATE (:Thing)');

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => graph.read('MATCH (n:Thing) RETURN count(n) AS n')),
  );

  expect(new Set(answers.map((rows) => JSON.stringify(rows)))).toEqual(new Set(['[{"n":1}]']));
});

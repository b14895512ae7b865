import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
let graphs: Graphs;
let falkordb: Redis;
beforeAll(() => {
  // One connection for writes, so that what one call leaves on it meets the next.
  graphs = openGraphs(stores.config.falkordb, { writers: 1 });
  falkordb = new Redis(stores.config.falkordb.port, stores.config.falkordb.host);
});
afterAll(() => {
  graphs?.close();
  falkordb?.disconnect();
});

async function newMemory(name: string): Promise<string> {
  const group = newGroup();
  await graphs.group(group).write('CREATE (:Entity {name: $name})', { name });
  return group;
}

async function newScratch(group: string, name: string) {
  const scratch = graphs.scratch(group);
  await scratch.graph.write('CREATE (:Entity {name: $name})', { name });
  return scratch;
}

async function namesIn(group: string): Promise<string[]> {
  const rows = await graphs.group(group).read<{ name: string }>('MATCH (n:Entity) RETURN n.name AS name');
  return rows.map(({ name }) => name);
}

const scratchKeys = async () => (await falkordb.keys('~scratch:*')).length;

describe('the list of memories', () => {
  test('stays complete while scratch graphs come and go', async () => {
    const groups = [];
    for (let number = 0; number < 8; number += 1) groups.push(await newMemory('Harbor'));

    for (const group of [...groups, ...groups]) await (await newScratch(group, 'Quay')).drop();

    expect(await graphs.groups()).toEqual(expect.arrayContaining(groups));
    expect(await falkordb.call('GRAPH.LIST')).toEqual(expect.arrayContaining(groups));
    expect(await scratchKeys()).toBe(0);
  });

  test('is read from the keyspace, whatever FalkorDB lists', async () => {
    const groups = [await newMemory('Harbor'), await newMemory('Harbor'), await newMemory('Harbor')];
    await falkordb.call('GRAPH.QUERY', 'no-memory', 'CREATE (:Else)');
    await falkordb.set('no-graph', 'x');
    for (const name of ['one', 'two', 'three', 'four']) {
      await falkordb.call('GRAPH.QUERY', name, 'CREATE (:Else)');
      await falkordb.unlink(name);
    }

    const listed = await graphs.groups();

    expect(listed).toEqual(expect.arrayContaining(groups));
    expect(listed).toEqual([...new Set(listed)].sort());
    expect(listed).not.toContain('no-memory');
    expect(listed).not.toContain('no-graph');
  });

  test('leaves out graphs of a killed process, which are swept', async () => {
    const group = await newMemory('Harbor');
    await newScratch(group, 'Quay');
    expect(await graphs.sweepScratchGraphs(3_600_000)).toBe(0);

    expect(await graphs.sweepScratchGraphs(0)).toBe(1);

    expect(await scratchKeys()).toBe(0);
    expect(await namesIn(group)).toEqual(['Harbor']);
  });

  test('leaves out graphs that a task needs to continue, which no sweep deletes', async () => {
    const group = await newMemory('Harbor');
    await (await graphs.checkpoint(group, 'one')).write('CREATE (:Vector {text: 1})');
    await (await graphs.checkpoint(`${group}-other`, 'one')).write('CREATE (:Vector {text: 2})');

    await graphs.sweepScratchGraphs(0);
    const again = await graphs.checkpoint(group, 'one');
    const found = await again.read('MATCH (v:Vector) RETURN v.text AS text');
    const listed = await graphs.groups();
    await graphs.dropCheckpoints(group);

    expect(found).toEqual([{ text: 1 }]);
    expect(listed.filter((name) => name.includes('kept'))).toEqual([]);
    expect(await (await graphs.checkpoint(group, 'one')).read('MATCH (v:Vector) RETURN v.text AS text')).toEqual([]);
    expect(await scratchKeys()).toBe(1);
    await graphs.dropCheckpoints(`${group}-other`);
  });

  test('allows dropping a graph that does not exist', async () => {
    await expect(graphs.scratch(newGroup()).drop()).resolves.toBeUndefined();
  });
});

describe('a graph that replaces another', () => {
  test("is the group's graph afterwards", async () => {
    const group = await newMemory('Harbor');
    const scratch = await newScratch(group, 'Quay');

    expect(await scratch.takePlace(() => true)).toBe(true);

    expect(await namesIn(group)).toEqual(['Quay']);
    expect(await scratchKeys()).toBe(0);
    expect(await falkordb.call('GRAPH.LIST')).toContain(group);
  });

  test('but vanished is reported, and the group keeps its graph', async () => {
    const group = await newMemory('Harbor');
    const scratch = await newScratch(group, 'Quay');

    const swapped = scratch.takePlace(async () => {
      await falkordb.call('GRAPH.DELETE', (await falkordb.keys('~scratch:*'))[0] ?? '');
      return true;
    });

    await expect(swapped).rejects.toMatchObject({
      name: 'StaleFenceError',
      message: expect.stringMatching(/^The graph /),
    });
    expect(await namesIn(group)).toEqual(['Harbor']);
    // The connection queues nothing any more.
    await graphs.group(group).write('CREATE (:Entity {name: $name})', { name: 'Dock' });
    expect(await namesIn(group)).toEqual(['Harbor', 'Dock']);
  });

  test('but is refused by its owner leaves no key watched', async () => {
    const [one, two] = [await newMemory('Harbor'), await newMemory('Pier')];
    const [first, second] = [await newScratch(one, 'Quay'), await newScratch(two, 'Dock')];
    const refusal = Object.assign(new Error('ERR as a server says it'), { name: 'ReplyError' });

    await expect(first.takePlace(() => Promise.reject(refusal))).rejects.toThrow(refusal);
    await falkordb.call('GRAPH.QUERY', one, 'CREATE (:Entity)');

    expect(await second.takePlace(() => true)).toBe(true);
    expect(await namesIn(two)).toEqual(['Dock']);
    await first.drop();
  });
});

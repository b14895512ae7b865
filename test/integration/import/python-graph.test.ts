import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Servers, startServers } from '../../../src/embedded/servers.ts';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { MemoryManager } from '../../../src/index.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import { goldenNote, hasGoldenGraph } from '../../support/graphiti/golden.ts';
import { GRAPHITI_INDEXES, loadGolden } from '../../support/graphiti/load-golden.ts';
import { readAsPython } from '../../support/graphiti/reader.ts';
import { PRIVATE_LABELS } from '../../support/graphiti/schema.ts';
import { toyEmbedder } from '../../support/graphiti/toy-embedder.ts';
import { wholeGraph } from '../../support/graphiti/whole-graph.ts';
import { plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';

/** The attribute that the golden team gave to people. */
const ATTRIBUTES = ['role'];

describe.skipIf(!hasGoldenGraph)(`a graph that graphiti_core wrote${goldenNote}`, () => {
  const stores = useStores();
  const group = newGroup();
  let [worker, elsewhere, graphs, others] = [] as unknown as [RunningWorkers, Servers, Graphs, Graphs];
  let environment: Record<string, string>;
  let file: string;

  beforeAll(async () => {
    worker = await startWorkers(stores.config, ['export'], { languageModel: plainModel() });
    elsewhere = await startServers();
    graphs = openGraphs(stores.config.falkordb);
    others = openGraphs({ host: elsewhere.falkordb.host, port: elsewhere.falkordb.port, tls: false });
    environment = { ...environmentOf(stores.config), MEMORY_GROUP: group };
    await loadGolden(graphs.group(group));
    const exported = await runCommand(['export', '--json', '--gzip'], environment);
    file = (JSON.parse(exported.stdout) as { file: string }).file;
  });
  afterAll(async () => {
    await worker?.close();
    graphs?.close();
    others?.close();
    await elsewhere?.stop();
  });

  /** The command line where FalkorDB and Valkey are others. */
  const there = () => ({
    ...environment,
    ...{ FALKORDB_HOST: elsewhere.falkordb.host, FALKORDB_PORT: String(elsewhere.falkordb.port) },
    ...{ VALKEY_HOST: elsewhere.valkey.host, VALKEY_PORT: String(elsewhere.valkey.port) },
  });

  test('is unchanged by an export, except for one private node', async () => {
    const untouched = graphs.group(newGroup());
    await loadGolden(untouched);

    expect(await asPython(graphs.group(group))).toEqual(await asPython(untouched));
    expect(await stored(graphs.group(group))).toEqual(await stored(untouched));
  });

  test('matches its archive', async () => {
    const verified = await runCommand(['archive', 'verify', file, '--restore', '--json'], environment);

    expect(verified.stderr).toBe('');
    expect(JSON.parse(verified.stdout)).toMatchObject({ intact: true, problems: [] });
  });

  test.each<[string, () => [Record<string, string>, Graphs, string]]>([
    ['under another group', () => [environment, graphs, newGroup()]],
    ['in another FalkorDB', () => [there(), others, group]],
  ])('is restored %s as graphiti_core reads it, with exactly the same vectors', async (_, where) => {
    const [own, opened, target] = where();

    const restored = await runCommand(['archive', 'restore', file, '--group', target], own);

    expect(restored).toMatchObject({ status: 0, stderr: '' });
    const copy = opened.group(target);
    expect(await asPython(copy)).toEqual(await asPython(graphs.group(group)));
    expect(await stored(copy)).toEqual(await stored(graphs.group(group)));
    expect(await checklist(copy, ATTRIBUTES)).toEqual([]);
    expect(await indexes(copy)).toEqual(await indexes(graphs.group(group)));
  });

  test('can be extended by us after its restore', async () => {
    const target = newGroup();
    await runCommand(['archive', 'restore', file, '--group', target], environment);
    const memory = new MemoryManager({ ...stores.config, group: target }, { embedder: toyEmbedder() });
    try {
      expect(await memory.queryMemory('where does Harbor keep its sessions', 20)).toMatch(/Valkey 8/);
    } finally {
      await memory.close();
    }
  });
});

test('Graphiti creates thirteen indexes', () => {
  expect(GRAPHITI_INDEXES).toHaveLength(13);
});

/** What its models hold, in one order and of one group. */
async function asPython(graph: GroupGraph) {
  const whole = await wholeGraph(graph);
  const read = readAsPython({
    ...whole,
    nodes: whole.nodes.filter(({ labels }) => !labels.some((it) => PRIVATE_LABELS.includes(it))),
  });
  return Object.fromEntries(
    Object.entries(read).map(([kind, list]) => [kind, list.map((it: object) => plain(it, graph.group)).sort()]),
  );
}

/** Everything that is stored, vectors and types of properties too. */
async function stored(graph: GroupGraph) {
  const { nodes, edges } = await wholeGraph(graph);
  const rest = nodes.filter(({ labels }) => !labels.some((it) => PRIVATE_LABELS.includes(it)));
  return [...rest, ...edges].map((it) => plain(it, graph.group)).sort();
}

function plain(it: object, group: string): string {
  return JSON.stringify(it, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  }).replaceAll(JSON.stringify(group), '"group"');
}

async function indexes(graph: GroupGraph): Promise<string[]> {
  const rows = await graph.read<{ label: string; properties: string[] }>(
    'CALL db.indexes() YIELD label, properties RETURN label, properties',
  );
  return rows
    .filter(({ label }) => !label.startsWith('_'))
    .map(({ label, properties }) => `${label}: ${properties.toSorted()}`)
    .sort();
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportGraph } from '../../../src/archive/export.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { MemoryManager } from '../../../src/index.ts';
import { checklist } from '../../support/graphiti/checklist.ts';
import {
  type GoldenEdge,
  type GoldenGraph,
  type GoldenNode,
  goldenGraph,
  goldenNote,
  hasGoldenGraph,
} from '../../support/graphiti/golden.ts';
import { loadGolden } from '../../support/graphiti/load-golden.ts';
import { PRIVATE_LABELS } from '../../support/graphiti/schema.ts';
import { toyEmbedder } from '../../support/graphiti/toy-embedder.ts';
import { newGroup, useStores } from '../../support/stores.ts';

describe.skipIf(!hasGoldenGraph)(`a graph of graphiti_core in an export of ours${goldenNote}`, () => {
  const stores = useStores();
  let graphs: Graphs;
  beforeAll(() => {
    graphs = openGraphs(stores.config.falkordb);
  });
  afterAll(() => graphs.close());

  test('is exported as Python stored it, also after queries, and again from a restored copy', async () => {
    const first = graphs.group(newGroup());
    await loadGolden(first);
    const memory = new MemoryManager({ ...stores.config, group: first.group }, { embedder: toyEmbedder() });
    await memory.queryMemory('sessions of Harbor');
    await memory.close();

    const exported = await exportOf(first);
    const second = graphs.group(newGroup());
    await loadGolden(second, exported);

    const golden = sorted(goldenGraph(), first.group);
    expect(sorted(exported, first.group)).toEqual(golden);
    expect(sorted(await exportOf(second), first.group)).toEqual(golden);
    expect(await checklist(second, ['role'])).toEqual([]);
  });

  async function exportOf(graph: GroupGraph): Promise<GoldenGraph> {
    const { file, location } = await exportGraph(graph, folderStore(stores.config.exportDir), () => {});
    const { nodes, edges } = JSON.parse(await readFile(join(location, file), 'utf8')) as GoldenGraph;
    // Our private nodes are not compared.
    return { nodes: nodes.filter(({ labels }) => !labels.some((it) => PRIVATE_LABELS.includes(it))), edges };
  }
});

/** In one order and of one group, vectors as far as 32 bits hold them. */
function sorted({ nodes, edges }: GoldenGraph, group: string): GoldenGraph {
  const plain = <T extends GoldenNode | GoldenEdge>(it: T): T => ({
    ...it,
    properties: Object.fromEntries(
      Object.entries({ ...it.properties, group_id: group }).map(([key, value]) => [
        key,
        key.endsWith('_embedding') ? (value as unknown as number[]).map((component) => component.toFixed(5)) : value,
      ]),
    ),
  });
  const byUuid = (a: GoldenNode, b: GoldenNode) => (String(a.properties.uuid) < String(b.properties.uuid) ? -1 : 1);
  return {
    nodes: nodes.map(plain).sort(byUuid),
    edges: edges.map(plain).sort((a, b) => byUuid(a as never, b as never)),
  };
}

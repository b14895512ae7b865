import type { GroupGraph } from '../graph/group-graph.ts';
import { type Depth, exportExtent } from '../graph/queries/export.ts';
import { type HashKind, type Inventory, openInventory } from './inventory.ts';
import type { Manifest } from './manifest.ts';
import { snapshot } from './snapshot.ts';

/**
 * Reads a whole graph page by page. There must be no writes meanwhile.
 * @param depth without vectors the exact hash means nothing
 * @param hashes the hashes to compute; the others are empty texts
 */
export async function takeInventory(
  graph: GroupGraph,
  dimension: number,
  depth: Depth = 'whole',
  hashes?: readonly HashKind[],
  onProgress: (share: number) => void = () => {},
): Promise<Inventory> {
  const inventory = openInventory(graph.group, hashes);
  const { nodes, edges, last } = await exportExtent(graph);
  const all = Math.max(nodes + edges, 1);
  let done = 0;
  for await (const page of snapshot(graph, { last, dimension, depth })) {
    for (const element of page) inventory.add(element);
    done += page.length;
    onProgress(Math.min(done / all, 1));
  }
  return inventory.result();
}

/** The hash that compares two graphs read to this depth. */
export const hashOf = (depth: Depth): HashKind => (depth === 'whole' ? 'exact' : 'vectorless');

/** Differences from the manifest, as sentences; empty for an intact archive. */
export function differences(
  { counts, graph_hash, embedder }: Manifest,
  found: Inventory,
  depth: Depth = 'whole',
): string[] {
  const hash = hashOf(depth);
  const kinds = (counts: Inventory['counts']) =>
    Object.entries({ nodes: counts.nodes, edges: counts.edges, ...counts.labels, ...counts.types });
  const expected = new Map(kinds(counts));
  const there = new Map(kinds(found.counts));
  const names = [...new Set([...expected.keys(), ...there.keys()])];
  const wrong = names
    .filter((name) => expected.get(name) !== there.get(name))
    .map((name) => `${there.get(name) ?? 0} × ${name} instead of ${expected.get(name) ?? 0}`);
  const isSameEmbedder = embedder?.model === found.embedder?.model && embedder?.dimension === found.embedder?.dimension;
  return [
    ...wrong,
    ...(graph_hash[hash] === found.hashes[hash] ? [] : ['the graph hash is another']),
    ...(isSameEmbedder ? [] : ['the embedder is another']),
  ];
}

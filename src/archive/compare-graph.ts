import type { GroupGraph } from '../graph/group-graph.ts';
import { type ExportDetail, exportExtent } from '../graph/queries/export.ts';
import { type HashKind, type Inventory, openInventory } from './inventory.ts';
import type { Manifest } from './manifest.ts';
import { readPages } from './read-pages.ts';

/**
 * Reads a whole graph page by page. The graph must not change meanwhile.
 * @param depth without vectors the exact hash has no meaning
 * @param hashes the hashes to compute; the others are empty texts
 */
export async function readInventory(
  graph: GroupGraph,
  dimension: number,
  depth: ExportDetail = 'whole',
  hashes?: readonly HashKind[],
  onProgress: (share: number) => void = () => {},
): Promise<Inventory> {
  const inventory = openInventory(graph.group, hashes);
  const { nodes, edges, last } = await exportExtent(graph);
  const all = Math.max(nodes + edges, 1);
  let done = 0;
  for await (const page of readPages(graph, { last, dimension, depth })) {
    for (const element of page) inventory.add(element);
    done += page.length;
    onProgress(Math.min(done / all, 1));
  }
  return inventory.result();
}

/** The hash that compares two graphs read to this depth. */
export const hashKindFor = (depth: ExportDetail): HashKind => (depth === 'whole' ? 'exact' : 'vectorless');

/** Differences from the manifest, as sentences; empty for an intact archive. */
export function differences(
  { counts, graph_hash, embedder }: Manifest,
  found: Inventory,
  depth: ExportDetail = 'whole',
): string[] {
  const hash = hashKindFor(depth);
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

import { readCatalogue } from '../src/archive/catalogue.ts';
import { exportGraph } from '../src/archive/export.ts';
import { isNode } from '../src/archive/graph-element.ts';
import { openGraphLoader } from '../src/archive/load-graph.ts';
import type { Manifest } from '../src/archive/manifest.ts';
import { checkBytes, readParts } from '../src/archive/read-archive.ts';
import { loadIntoScratch } from '../src/archive/restore.ts';
import { folderStore } from '../src/archive/stores/folder.ts';
import { compareWithManifest } from '../src/archive/verify.ts';
import type { Address } from '../src/config.ts';
import { type Graphs, openGraphs } from '../src/graph/graphs.ts';
import { readNodeSizes } from '../src/graph/queries/export.ts';
import { freeEmbedder, syntheticData } from './synthetic.ts';

/** One measured piece of work, in a separate process. */
export interface ArchiveWorkRequest {
  readonly kind: 'read' | 'export' | 'verify' | 'insert' | 'restore';
  readonly gzip?: boolean;
  readonly group: string;
  readonly folder: string;
  readonly address: Address;
}

export interface ArchiveWorkResult {
  /** Milliseconds. */
  readonly took: number;
  /** Peak of resident memory above idle, in MB. */
  readonly rss: number;
  readonly megabytes?: number;
}

const MB = 1_000_000;
const PAGE = 250;

process.once('message', async (work: ArchiveWorkRequest) => {
  const graphs = openGraphs(work.address);
  await warmUp(graphs, work.group);
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  const began = performance.now();
  const more = await KINDS[work.kind](graphs, work);
  const done: ArchiveWorkResult = {
    took: Math.round(performance.now() - began),
    rss: Math.round((peak - idle) / MB),
    ...more,
  };
  clearInterval(watch);
  process.send?.(done, () => process.disconnect());
  graphs.close();
});

const KINDS: Record<
  ArchiveWorkRequest['kind'],
  (graphs: Graphs, work: ArchiveWorkRequest) => Promise<{ megabytes?: number }>
> = {
  async read(graphs, { group }) {
    const graph = graphs.group(group);
    // The lower bound: pages of 250 by FalkorDB's ids, or all edges of a node, with no work on the rows.
    const [{ last } = { last: -1 }] = await graph.read<{ last: number }>('MATCH (n) RETURN max(id(n)) AS last');
    for (let from = 0; from <= last; from += PAGE)
      await graph.read('MATCH (x) WHERE id(x) >= $from AND id(x) < $to RETURN labels(x), properties(x)', {
        from,
        to: from + PAGE,
      });
    for (let from = 0, weight = 0; from <= last; ) {
      const weights = await readNodeSizes(graph, from, from + 5000);
      let to = from;
      for (const { id, edges } of [...weights, { id: Math.min(from + 5000, last + 1), edges: PAGE }]) {
        if (weight > 0 && weight + edges > PAGE) {
          await graph.read(
            'MATCH (a)-[x]->(b) WHERE id(a) >= $from AND id(a) < $to RETURN type(x), a.uuid, b.uuid, properties(x)',
            { from: to, to: id },
          );
          weight = 0;
        }
        if (weight === 0) to = id;
        weight += edges;
      }
      weight = 0;
      from += 5000;
    }
    return {};
  },
  async export(graphs, { group, folder, gzip = false }) {
    const { bytes } = await exportGraph(graphs.group(group), folderStore(folder), () => {}, { gzip });
    return { megabytes: Math.round(bytes / MB) };
  },
  async verify(_graphs, { folder }) {
    const { intact: whole } = await compareWithManifest(folderStore(folder), await plain(folder));
    if (!whole) throw new Error('not whole');
    return {};
  },
  /** The lower bound of a restore: the archive's rows, partly in memory beforehand, with indexes first and then UNWIND. */
  async insert(graphs, { folder }) {
    const scratch = graphs.scratch('bare');
    const manifest = await plain(folder);
    await scratch.graph.prepareAgain(freeEmbedder(syntheticData(1)));
    const loading = openGraphLoader(scratch.graph, manifest.group, 512);
    for await (const part of readParts(folderStore(folder), manifest))
      if ('elements' in part)
        await loading.add(part.elements.filter((element) => !isNode(element) || element.properties.key !== 'embedder'));
    await loading.end();
    await scratch.drop();
    return {};
  },
  async restore(graphs, { folder }) {
    const metrics = {
      increment: () => {},
      record: (_name: string, took: number, { step = '' }: Record<string, string> = {}) =>
        console.error(`  ${step} ${(took / 1000).toFixed(1)} s`),
    };
    const store = { ...folderStore(folder), metrics };
    const manifest = await plain(folder);
    await checkBytes(store, manifest);
    const { scratch } = await loadIntoScratch(graphs, store, manifest, 'restored', 'without vectors');
    await scratch.drop();
    return {};
  },
};

async function plain(folder: string): Promise<Manifest> {
  const { archives } = await readCatalogue(folderStore(folder));
  const found = archives.find(({ manifest }) => manifest.file.endsWith('.json'));
  if (!found) throw new Error('no archive');
  return found.manifest;
}

async function warmUp(graphs: Graphs, group: string): Promise<void> {
  for (let round = 0; round < 4; round += 1)
    await graphs.group(group).read('MATCH (x) WHERE id(x) >= $from AND id(x) < $to RETURN properties(x)', {
      from: round * 125,
      to: round * 125 + 125,
    });
}

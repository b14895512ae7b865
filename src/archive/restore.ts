import { ArchiveDamaged, InvalidInput, TimedOut } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { exportExtent } from '../graph/queries/export-extent.ts';
import type { Depth } from '../graph/queries/export-nodes.ts';
import { prepareAsGraphiti } from '../graph/schema.ts';
import type { Scratch } from '../graph/scratch.ts';
import { HOUR } from '../time.ts';
import { type Inventory, openInventory } from './inventory.ts';
import { withLittleMemory } from './little-memory.ts';
import { openLoading } from './load.ts';
import type { Manifest } from './manifest.ts';
import { readParts } from './read.ts';
import { openSampling } from './sample.ts';
import { snapshot } from './snapshot.ts';
import { step } from './step.ts';
import { STALE } from './stores/names.ts';
import type { ArchiveStore } from './stores/store.ts';

export interface Loaded {
  readonly scratch: Scratch;
  /** Questions about its facts that the loaded graph was asked, and how many it answered rightly: all. */
  readonly answers: { readonly asked: number; readonly found: number };
}

const BUILT_WITHIN = 12 * HOUR;
/** So much of the work is the loading; the rest is reading it all again while indexes are built. */
const LOADING = 0.7;

/**
 * Loads an archive into a new graph beside that of `group`, with all indexes, and reads it again to see that it holds what
 * the manifest says. Nobody sees anything of it. The caller drops it or lets it take the group's place.
 * @param depth without vectors, that the graph hash is right is seen of everything else; of vectors by asking for some
 * @throws ArchiveDamaged, InvalidInput when the archive cannot be restored; nothing of it is left then
 */
export function loadBeside(
  graphs: Graphs,
  store: ArchiveStore,
  manifest: Manifest,
  group: string,
  depth: Depth,
  onProgress: (share: number) => void = () => {},
): Promise<Loaded> {
  return withLittleMemory(() => load(graphs, store, manifest, group, depth, onProgress));
}

async function load(
  graphs: Graphs,
  store: ArchiveStore,
  manifest: Manifest,
  group: string,
  depth: Depth,
  onProgress: (share: number) => void,
): Promise<Loaded> {
  await graphs.sweepScratches(STALE);
  const scratch = graphs.scratch(group);
  const { embedder, counts } = manifest;
  const all = Math.max(counts.nodes + counts.edges, 1);
  try {
    const loading = openLoading(scratch.graph, manifest.group, embedder?.dimension ?? dimensionOf(manifest));
    const sampling = openSampling(counts.types.RELATES_TO ?? 0);
    const loaded = openInventory(manifest.group);
    await step(store, 'load', async () => {
      let done = 0;
      for await (const part of readParts(store, manifest)) {
        if ('head' in part) continue;
        await loading.add(part.elements);
        for (const element of part.elements) {
          sampling.add(element);
          loaded.add(element);
        }
        done += part.elements.length;
        onProgress(Math.min(done / all, 1) * LOADING);
      }
      await loading.end();
    });
    const [inventory] = await Promise.all([
      step(store, 'inspect', () =>
        takeInventory(scratch.graph, embedder?.dimension ?? 0, depth, (share) =>
          onProgress(LOADING + share * (1 - LOADING)),
        ),
      ),
      step(store, 'index', () =>
        embedder ? buildIndexes(scratch.graph, embedder) : untilBuilt(() => prepareAsGraphiti(scratch.graph)),
      ),
    ]);
    // Without an embedder noted there are no vector indexes that could be asked.
    const answers = embedder
      ? await step(store, 'ask', () => sampling.ask(scratch.graph, embedder.dimension))
      : { asked: 0, found: 0 };
    const wrong = answers.asked - answers.found;
    const problems = [
      ...differences(manifest, loaded.result()),
      ...differences(manifest, inventory, depth),
      ...(wrong > 0 ? [`${wrong} of ${answers.asked} questions were not answered by the restored graph`] : []),
    ];
    if (problems.length > 0)
      throw new ArchiveDamaged(`The archive ${manifest.file} cannot be restored: ${problems.join('; ')}.`);
    return { scratch, answers };
  } catch (error) {
    await scratch.drop().catch(() => {});
    throw error;
  }
}

/** A graph that only Python wrote does not tell; of its vectors pages small enough for any are made. */
const dimensionOf = ({ counts }: Manifest): number => (counts.nodes > 0 ? 1024 : 0);

/** All that a graph holds, read page by page. Nobody may write to it meanwhile. */
export async function takeInventory(
  graph: GroupGraph,
  dimension: number,
  depth: Depth = 'whole',
  onProgress: (share: number) => void = () => {},
): Promise<Inventory> {
  const inventory = openInventory(graph.group);
  const extent = await exportExtent(graph);
  const all = Math.max(extent.nodes + extent.edges, 1);
  let done = 0;
  for await (const page of snapshot(graph, extent, dimension, depth)) {
    for (const element of page) inventory.add(element);
    done += page.length;
    onProgress(Math.min(done / all, 1));
  }
  return inventory.result();
}

/** What is not as the manifest says, in words; nothing for an archive that is whole. */
export function differences({ counts, graph_hash }: Manifest, found: Inventory, depth: Depth = 'whole'): string[] {
  const hash = depth === 'whole' ? 'exact' : 'vectorless';
  const kinds = (counts: Inventory['counts']) =>
    Object.entries({ nodes: counts.nodes, edges: counts.edges, ...counts.labels, ...counts.types });
  const told = new Map(kinds(counts));
  const there = new Map(kinds(found.counts));
  const names = [...new Set([...told.keys(), ...there.keys()])];
  const wrong = names
    .filter((name) => told.get(name) !== there.get(name))
    .map((name) => `${there.get(name) ?? 0} × ${name} instead of ${told.get(name) ?? 0}`);
  return [...wrong, ...(graph_hash[hash] === found.hashes[hash] ? [] : ['the graph hash is another'])];
}

/** Makes all indexes and waits until they can be asked, however large the graph is. */
export async function buildIndexes(
  graph: GroupGraph,
  { model, dimension }: NonNullable<Manifest['embedder']>,
): Promise<void> {
  const embedder = {
    model,
    dimension,
    embed: () => Promise.reject(new InvalidInput('Archives hold vectors; nothing is embedded.')),
    close: async () => {},
  };
  await untilBuilt(() => graph.prepareAgain(embedder));
}

/** Large graphs take longer than anybody waits for the indexes of an empty one. */
async function untilBuilt(prepare: () => Promise<void>): Promise<void> {
  for (const end = Date.now() + BUILT_WITHIN; ; ) {
    try {
      return await prepare();
    } catch (error) {
      if (!(error instanceof TimedOut) || Date.now() > end) throw error;
    }
  }
}

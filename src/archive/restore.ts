import { ArchiveDamagedError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { ExportDetail } from '../graph/queries/export.ts';
import { createGraphitiIndexes, createIndexes } from '../graph/schema.ts';
import type { Scratch } from '../graph/scratch.ts';
import { withGarbageCollection } from './collect-garbage.ts';
import { differences, hashKindFor, readInventory } from './compare-graph.ts';
import { openInventory } from './inventory.ts';
import { openGraphLoader } from './load-graph.ts';
import type { Manifest } from './manifest.ts';
import { readParts } from './read-archive.ts';
import { openQuestionSampler } from './sample-questions.ts';
import { type ArchiveStore, STALE_AFTER } from './stores/archive-store.ts';
import { timedStep } from './timed-step.ts';

export interface LoadedArchive {
  readonly scratch: Scratch;
  /** The number of test questions about the graph's facts, and of correct answers; they are equal, otherwise loading fails. */
  readonly answers: { readonly asked: number; readonly found: number };
}

/** Share of loading in the progress; the rest is reading everything back. */
const LOADING = 0.85;

/**
 * Loads an archive into a scratch graph of `group`, with all indexes, and reads it back to compare it with the manifest. The caller drops
 * the scratch graph or replaces the group's graph with it.
 * @param depth without vectors, the graph hash covers everything else; vectors are tested by some queries
 * @throws ArchiveDamagedError, InvalidInputError when the archive cannot be restored; the scratch graph is deleted then
 */
export function loadIntoScratch(
  graphs: Graphs,
  store: ArchiveStore,
  manifest: Manifest,
  group: string,
  depth: ExportDetail,
  onProgress: (share: number) => void = () => {},
): Promise<LoadedArchive> {
  return withGarbageCollection(() => load(graphs, store, manifest, group, depth, onProgress));
}

async function load(
  graphs: Graphs,
  store: ArchiveStore,
  manifest: Manifest,
  group: string,
  depth: ExportDetail,
  onProgress: (share: number) => void,
): Promise<LoadedArchive> {
  await graphs.sweepScratchGraphs(STALE_AFTER);
  const scratch = graphs.scratch(group);
  const { embedder, counts } = manifest;
  const all = Math.max(counts.nodes + counts.edges, 1);
  const loading = openGraphLoader(scratch.graph, manifest.group, embedder?.dimension ?? dimensionOf(manifest));
  try {
    await timedStep(store, 'index', () =>
      embedder ? createIndexes(scratch.graph, embedder.dimension) : createGraphitiIndexes(scratch.graph),
    );
    const sampling = openQuestionSampler(counts.types.RELATES_TO ?? 0);
    const loaded = openInventory(manifest.group, ['exact']);
    await timedStep(store, 'load', async () => {
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
    const inventory = await timedStep(store, 'inspect', () =>
      readInventory(scratch.graph, embedder?.dimension ?? 0, depth, [hashKindFor(depth)], (share) =>
        onProgress(LOADING + share * (1 - LOADING)),
      ),
    );
    // Without a stored embedder there are no vector indexes to query.
    const answers = embedder
      ? await timedStep(store, 'ask', () => sampling.ask(scratch.graph, embedder.dimension))
      : { asked: 0, found: 0 };
    const wrong = answers.asked - answers.found;
    const problems = [
      ...differences(manifest, loaded.result()),
      ...differences(manifest, inventory, depth),
      ...(wrong > 0 ? [`${wrong} of ${answers.asked} questions were not answered by the restored graph`] : []),
    ];
    if (problems.length > 0)
      throw new ArchiveDamagedError(`The archive ${manifest.file} cannot be restored: ${problems.join('; ')}.`);
    return { scratch, answers };
  } catch (error) {
    await loading.settled();
    await scratch.drop().catch(() => {});
    throw error;
  }
}

/** A graph that only Python wrote stores no dimension; pages are sized for a large one. */
const dimensionOf = ({ counts }: Manifest): number => (counts.nodes > 0 ? 1024 : 0);

import { ArchiveDamagedError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import { openEdgeCheck } from './check-restorable.ts';
import { withGarbageCollection } from './collect-garbage.ts';
import { differences } from './compare-graph.ts';
import { openInventory } from './inventory.ts';
import type { Manifest } from './manifest.ts';
import { readParts } from './read-archive.ts';
import { loadIntoScratch } from './restore.ts';
import type { ArchiveStore } from './stores/archive-store.ts';
import { type ArchiveStep, countProblems, timedStep } from './timed-step.ts';

/** The result of a verification or a restore test. */
export interface Verification {
  /** False when anything differs; `problems` says what. */
  readonly intact: boolean;
  readonly problems: readonly string[];
  /** For a restore test: how many questions the restored graph was asked, and how many it answered correctly. */
  readonly answers: { readonly asked: number; readonly found: number } | null;
}

/** Reads a whole archive and compares bytes, counts and graph hash with its manifest. @throws ConfigError, ArchiveUnavailableError, InvalidInputError */
export function compareWithManifest(
  store: ArchiveStore,
  manifest: Manifest,
  onProgress: (share: number) => void = () => {},
): Promise<Verification> {
  return verification(store, 'verify', async () => {
    const [inventory, ends] = [openInventory(manifest.group), openEdgeCheck()];
    const all = Math.max(manifest.counts.nodes + manifest.counts.edges, 1);
    let done = 0;
    for await (const part of readParts(store, manifest)) {
      if ('head' in part) continue;
      for (const element of part.elements) {
        ends.add(element);
        inventory.add(element);
      }
      done += part.elements.length;
      onProgress(Math.min(done / all, 1));
    }
    return { problems: differences(manifest, inventory.result()), answers: null };
  });
}

/** Restores an archive into a scratch graph, queries some of its facts, and always drops the graph. */
export function testRestore(
  graphs: Graphs,
  store: ArchiveStore,
  manifest: Manifest,
  onProgress: (share: number) => void = () => {},
): Promise<Verification> {
  return verification(store, 'drill', async () => {
    const { scratch, answers } = await loadIntoScratch(graphs, store, manifest, manifest.group, 'whole', onProgress);
    await scratch.drop();
    return { problems: [], answers };
  });
}

async function verification(
  store: ArchiveStore,
  name: ArchiveStep,
  work: () => Promise<Omit<Verification, 'intact'>>,
): Promise<Verification> {
  try {
    const result = await timedStep(store, name, () => withGarbageCollection(work));
    countProblems(store, name, result.problems.length);
    return { intact: result.problems.length === 0, ...result };
  } catch (error) {
    if (!(error instanceof ArchiveDamagedError)) throw error;
    return { intact: false, problems: [error.message], answers: null };
  }
}

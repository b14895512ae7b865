import { ArchiveDamaged } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import { differences } from './inspect.ts';
import { openInventory } from './inventory.ts';
import { withLittleMemory } from './little-memory.ts';
import type { Manifest } from './manifest.ts';
import { readParts } from './read.ts';
import { openEnds } from './restorable.ts';
import { loadBeside } from './restore.ts';
import { type Step, step, tellProblems } from './step.ts';
import type { ArchiveStore } from './stores/store.ts';

/** What was found out about an archive. */
export interface Verification {
  /** False when anything differs; `problems` says what. */
  readonly whole: boolean;
  readonly problems: readonly string[];
  /** Of a trial restore: questions that were asked of the restored graph, and those that were answered rightly. */
  readonly answers: { readonly asked: number; readonly found: number } | null;
}

/** Reads a whole archive and compares bytes, counts and graph hash with its manifest. @throws ConfigError, ArchiveAway, InvalidInput */
export function verifyArchive(
  store: ArchiveStore,
  manifest: Manifest,
  onProgress: (share: number) => void = () => {},
): Promise<Verification> {
  return found(store, 'verify', async () => {
    const [inventory, ends] = [openInventory(manifest.group), openEnds()];
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

/** Restores it besides into a graph that nobody sees and that is dropped again in every case, and asks that for some of its facts. */
export function drillArchive(
  graphs: Graphs,
  store: ArchiveStore,
  manifest: Manifest,
  onProgress: (share: number) => void = () => {},
): Promise<Verification> {
  return found(store, 'drill', async () => {
    const { scratch, answers } = await loadBeside(graphs, store, manifest, manifest.group, 'whole', onProgress);
    await scratch.drop();
    return { problems: [], answers };
  });
}

async function found(
  store: ArchiveStore,
  name: Step,
  work: () => Promise<Omit<Verification, 'whole'>>,
): Promise<Verification> {
  try {
    const told = await step(store, name, () => withLittleMemory(work));
    tellProblems(store, name, told.problems.length);
    return { whole: told.problems.length === 0, ...told };
  } catch (error) {
    if (!(error instanceof ArchiveDamaged)) throw error;
    return { whole: false, problems: [error.message], answers: null };
  }
}

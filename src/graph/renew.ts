import { HOUR } from '../time.ts';
import type { GroupGraph } from './group-graph.ts';
import { type Ghosts, readGhosts, toggleIndex } from './queries/meta.ts';
import { operational } from './schema.ts';

type Worn = (index: Pick<Ghosts, 'entries' | 'ghosts'>) => boolean;

/** Fewer ghosts are not worth a rebuild. */
const MIN_GHOSTS = 500;
/**
 * While an index of edges is built (0.2 to 0.4 s for each thousand entries), a write to that graph blocks all of FalkorDB. These are
 * the largest indexes rebuilt by day and at night; larger ones are never rebuilt (docs/falkordb.md).
 */
const [SHORT, LONG] = [2_000, 20_000];

/** As many ghosts as live entries, in an index that is rebuilt quickly. */
export const isWornByDay: Worn = ({ entries, ghosts }) => entries <= SHORT && ghosts >= Math.max(MIN_GHOSTS, entries);

/** Enough ghosts for a rebuild in a quiet hour. */
export const isWornAtNight: Worn = ({ entries, ghosts }) => entries <= LONG && ghosts > entries / 100;

/**
 * Starts a rebuild of worn vector indexes in the background. FalkorDB's vector index keeps every earlier value of an entry (a ghost),
 * so it grows with every change and finds less and less.
 * @returns the labels of the indexes, without those that another process renewed at the same time
 */
export async function renewIndexes(graph: GroupGraph, isWorn: Worn): Promise<string[]> {
  const worn = (await readGhosts(graph)).filter(isWorn);
  const renewed: string[] = [];
  for (const index of worn) {
    try {
      await toggleIndex(graph, index);
      renewed.push(index.label);
    } catch (error) {
      // Another process did it since we looked.
      if (!(error instanceof Error && /already indexed|no such index/i.test(error.message))) throw error;
    }
  }
  return renewed;
}

/** The same, and waits until all indexes are ready. @throws TimedOutError after an hour */
export async function renewAtNight(graph: GroupGraph): Promise<string[]> {
  const renewed = await renewIndexes(graph, isWornAtNight);
  await operational(graph, HOUR);
  return renewed;
}

import { HOUR } from '../time.ts';
import type { GroupGraph } from './group-graph.ts';
import { type Ghosts, readGhosts, toggleIndex } from './queries/meta.ts';
import { operational } from './schema.ts';

type Worn = (index: Pick<Ghosts, 'entries' | 'ghosts'>) => boolean;

/** Fewer ghosts than that are not worth it. */
const LEAST = 500;
/**
 * While an index of edges is built, 0.2 to 0.4 s for each thousand, a write to that graph waits, and all of FalkorDB with it: so many
 * entries by day and by night, and larger ones not at all (docs/falkordb.md).
 */
const [SHORT, LONG] = [2_000, 20_000];

/** As many ghosts as living entries, in an index that is soon built anew. */
export const wornByDay: Worn = ({ entries, ghosts }) => entries <= SHORT && ghosts >= Math.max(LEAST, entries);

/** So many that it is renewed when nobody minds. */
export const wornByNight: Worn = ({ entries, ghosts }) => entries <= LONG && ghosts > entries / 100;

/**
 * Has the vector indexes built anew that are worn; it goes on in the background. FalkorDB's vector index keeps what an entry was before each of its changes for ever, so that it grows with every change and finds less and less.
 * @returns the labels of those that nobody else renewed at the same moment
 */
export async function renewIndexes(graph: GroupGraph, isWorn: Worn): Promise<string[]> {
  const worn = (await readGhosts(graph)).filter(isWorn);
  const renewed: string[] = [];
  for (const index of worn) {
    try {
      await toggleIndex(graph, index);
      renewed.push(index.label);
    } catch (error) {
      // Somebody else did it since we looked.
      if (!(error instanceof Error && /already indexed|no such index/i.test(error.message))) throw error;
    }
  }
  return renewed;
}

/** The same, and waits until all are there. @throws TimedOut after an hour */
export async function renewByNight(graph: GroupGraph): Promise<string[]> {
  const renewed = await renewIndexes(graph, wornByNight);
  await operational(graph, HOUR);
  return renewed;
}

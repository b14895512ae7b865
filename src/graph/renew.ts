import { HOUR } from '../time.ts';
import type { GroupGraph } from './group-graph.ts';
import { type Ghosts, readGhosts } from './queries/read-ghosts.ts';
import { toggleIndex } from './queries/toggle-index.ts';
import { operational } from './schema.ts';

type Worn = (index: Pick<Ghosts, 'entries' | 'ghosts'>) => boolean;

/** Fewer ghosts than that are not worth it. */
const LEAST = 500;
/** Nobody can write while an index of edges is built, which takes 0.4 s for each thousand: larger ones wait for the night. */
const SHORT = 10_000;
const [OFTEN, SELDOM] = [1, 10];

/** So many ghosts for each living entry that an index is renewed at once. */
export const wornByDay: Worn = ({ entries, ghosts }) =>
  ghosts >= Math.max(LEAST, entries * (entries > SHORT ? SELDOM : OFTEN));

/** So many that it is renewed when nobody minds. */
export const wornByNight: Worn = ({ entries, ghosts }) => ghosts > entries / 100;

/**
 * Has the vector indexes built anew that are worn; it goes on in the background, and questions are answered meanwhile. FalkorDB's
 * vector index keeps what an entry was before each of its changes for ever, so that it grows with every change and finds less and less.
 * @returns the labels of those
 */
export async function renewIndexes(graph: GroupGraph, isWorn: Worn): Promise<string[]> {
  const worn = (await readGhosts(graph)).filter(isWorn);
  for (const index of worn) {
    try {
      await toggleIndex(graph, index);
    } catch (error) {
      // Somebody else did it since we looked.
      if (!(error instanceof Error && /already indexed|no such index/i.test(error.message))) throw error;
    }
  }
  return worn.map(({ label }) => label);
}

/** The same, and waits until all are there. @throws TimedOut after an hour */
export async function renewByNight(graph: GroupGraph): Promise<string[]> {
  const renewed = await renewIndexes(graph, wornByNight);
  if (renewed.length > 0) await operational(graph, HOUR);
  return renewed;
}

import { allWords } from '../graph/fulltext.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { hasVector, sampleByVector, sampleByWords } from '../graph/queries/export.ts';
import { type Element, isNode } from './element.ts';

/** A fact of an archive that a restored graph must find again. */
interface Sample {
  readonly uuid: string;
  readonly words: string;
  readonly vector: readonly number[] | undefined;
}

export interface Sampling {
  add(element: Element): void;
  /**
   * Asks a graph for each fact by its words and by its vector, and gives how many questions there were and how many found it.
   * @param dimension of the vectors that are indexed
   */
  ask(graph: GroupGraph, dimension: number): Promise<{ readonly asked: number; readonly found: number }>;
}

const SAMPLES = 20;
/** Facts of the same words or vector come before it in any order. */
const AMONG = 50;
/** Cosine distance; what rounding makes of none. */
const NONE = 1e-5;

/** Notes some facts of an archive, spread over all of it. @param facts how many it holds */
export function openSampling(facts: number): Sampling {
  const step = Math.max(1, Math.floor(facts / SAMPLES));
  const samples: Sample[] = [];
  let seen = 0;
  return {
    add(element) {
      if (isNode(element) || element.type !== 'RELATES_TO') return;
      const { uuid, fact, fact_embedding: vector } = element.properties;
      if (seen++ % step === 0 && samples.length < SAMPLES && typeof uuid === 'string')
        samples.push({
          uuid,
          words: typeof fact === 'string' ? allWords(fact) : '',
          vector: Array.isArray(vector) ? vector : undefined,
        });
    },
    async ask(graph, dimension) {
      let [asked, found] = [0, 0];
      for (const { uuid, words, vector } of samples) {
        const questions = [
          ...(words === '' ? [] : [() => sampleByWords(graph, words, uuid, AMONG)]),
          ...(vector ? [() => isIndexed(graph, vector, uuid, dimension)] : []),
        ];
        for (const question of questions) {
          asked += 1;
          if (await question()) found += 1;
        }
      }
      return { asked, found };
    },
  };
}

/** Of many that are alike an approximate index misses some, also in a sound graph: then that it answers is enough. */
async function isIndexed(
  graph: GroupGraph,
  vector: readonly number[],
  uuid: string,
  dimension: number,
): Promise<boolean> {
  if (!(await hasVector(graph, vector, uuid))) return false;
  // A vector of another length is in no index, and cannot be searched.
  if (vector.length !== dimension) return true;
  const distances = await sampleByVector(graph, vector, uuid, AMONG);
  if (!distances) return false;
  return distances.length === 0 || distances.some((distance) => distance === null || distance < NONE);
}

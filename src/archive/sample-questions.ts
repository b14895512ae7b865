import { allWords } from '../graph/fulltext.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { hasVector, sampleByVector, sampleByWords } from '../graph/queries/export.ts';
import { type Element, isNode } from './graph-element.ts';

/** A fact of an archive that a restored graph must find again. */
interface Sample {
  readonly uuid: string;
  readonly words: string;
  readonly vector: readonly number[] | undefined;
}

export interface QuestionSampler {
  add(element: Element): void;
  /**
   * Queries a graph for each fact by its words and by its vector. @returns the number of queries, and how many found the fact
   * @param dimension of the vectors that are indexed
   */
  ask(graph: GroupGraph, dimension: number): Promise<{ readonly asked: number; readonly found: number }>;
}

const SAMPLES = 20;
/** The limit of a query: facts with the same words or vector may come first. */
const AMONG = 50;
/** The cosine distance of equal vectors after rounding. */
const NONE = 1e-5;

/** Samples facts of an archive, spread over the whole archive. @param facts the number of facts in the archive */
export function openQuestionSampler(facts: number): QuestionSampler {
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

/** Among many similar vectors an approximate index misses some, also in an intact graph: then any answer is enough. */
async function isIndexed(
  graph: GroupGraph,
  vector: readonly number[],
  uuid: string,
  dimension: number,
): Promise<boolean> {
  if (!(await hasVector(graph, vector, uuid))) return false;
  // A vector with another dimension is in no index and cannot be searched.
  if (vector.length !== dimension) return true;
  const distances = await sampleByVector(graph, vector, uuid, AMONG);
  if (!distances) return false;
  return distances.length === 0 || distances.some((distance) => distance === null || distance < NONE);
}

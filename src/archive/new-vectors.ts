import { hash } from 'node:crypto';
import { ModelFailed } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import { keepVectors, keptVectors, prepareKept } from '../graph/queries/restore.ts';
import type { Embedder } from '../models/embedder.ts';
import { shortFloat } from './float32.ts';

/** Vectors of an embedder, each of which is paid for once, however often whoever needs them is killed. */
export interface NewVectors {
  /** @throws ModelAway, ModelBusy, ModelFailed, ConfigError; what was embedded until then stays */
  of(texts: Iterable<string>): Promise<ReadonlyMap<string, readonly number[]>>;
  /** How many texts were embedded here. */
  made(): number;
}

/** Texts in a request. */
export const TOGETHER = 256;

/** Numbers of vectors in one query. */
const NUMBERS = 65_536;
const LEAST = 8;

/** Where vectors of one embedder are kept; it changes nothing when it is opened again. */
export async function openNewVectors(graphs: Graphs, group: string, embedder: Embedder): Promise<NewVectors> {
  const graph = await graphs.kept(group, hash('sha256', `${embedder.model} ${embedder.dimension}`).slice(0, 12));
  await prepareKept(graph);
  const size = Math.max(LEAST, Math.floor(NUMBERS / embedder.dimension));
  let made = 0;

  async function embed(texts: readonly string[]): Promise<readonly number[][]> {
    const given = await embedder.embed(texts);
    // As the graph keeps them.
    const vectors = given.map((vector) => vector.map(Math.fround));
    const isSound = (it: readonly number[]) => it.length === embedder.dimension && it.every(Number.isFinite);
    if (vectors.length !== texts.length || !vectors.every(isSound))
      throw new ModelFailed(`The embedder ${embedder.model} gave other vectors than it was asked for.`);
    const kept = texts.map((text, place) => ({ text: keyOf(text), vector: vectors[place] ?? [] }));
    for (const some of inPieces(kept, size)) await keepVectors(graph, some);
    made += texts.length;
    return vectors;
  }

  return {
    async of(given) {
      const texts = [...new Set(given)];
      const keys = new Map(texts.map((text) => [text, keyOf(text)]));
      const known = new Map<string, readonly number[]>();
      for (const some of inPieces([...keys.values()], size))
        for (const [key, vector] of await keptVectors(graph, some)) known.set(key, vector);
      const vectors = new Map<string, readonly number[]>();
      const missing: string[] = [];
      for (const text of texts) {
        const vector = known.get(keys.get(text) ?? '');
        if (vector) vectors.set(text, vector.map(shortFloat));
        else missing.push(text);
      }
      for (const some of inPieces(missing, TOGETHER)) {
        const embedded = await embed(some);
        for (const [place, text] of some.entries()) vectors.set(text, (embedded[place] ?? []).map(shortFloat));
      }
      return vectors;
    },
    made: () => made,
  };
}

function* inPieces<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
}

/** Not the text itself, which may be forgotten meanwhile. */
const keyOf = (text: string): string => hash('sha256', text, 'base64');

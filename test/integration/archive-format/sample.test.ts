import { describe, expect, test } from 'vitest';
import type { Element } from '../../../src/archive/graph-element.ts';
import { openQuestionSampler } from '../../../src/archive/sample-questions.ts';
import { plainEmbedder } from '../../support/models.ts';
import { randomNumbers } from '../../support/random.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const opened = useStoreConnections(useStores());
const embedder = plainEmbedder();
const FACTS = 5000;
type Fact = { readonly uuid: string; readonly fact: string; readonly fact_embedding: number[] };

/** Facts in so many clusters, one cluster after the other: of such an index of few links misses some. */
function facts(clusters: number): Fact[] {
  const random = randomNumbers(7);
  const around = (centre: readonly number[], by: number) => centre.map((it) => Math.fround(it + by * (random() - 0.5)));
  const zeros = new Array<number>(embedder.dimension).fill(0);
  const centres = Array.from({ length: clusters }, () => around(zeros, 1));
  return Array.from({ length: FACTS }, (_, index) => ({
    uuid: `fact-${index}`,
    fact: `Harbor uses part${index}`,
    fact_embedding: around(centres[Math.floor((index / FACTS) * clusters)] ?? zeros, 0.1),
  }));
}

async function graphOf(known: readonly Fact[], withIndexes = true) {
  const graph = opened.graphs.group(newGroup());
  if (withIndexes) await graph.prepare(embedder);
  for (let start = 0; start < known.length; start += 500)
    await graph.write(
      `UNWIND $facts AS x CREATE (:Entity)-[e:RELATES_TO {uuid: x.uuid, fact: x.fact, fact_embedding: vecf32(x.vector)}]->(:Entity)`,
      {
        facts: known.slice(start, start + 500).map(({ fact_embedding, ...it }) => ({ ...it, vector: fact_embedding })),
      },
    );
  return graph;
}

function ask(graph: Awaited<ReturnType<typeof graphOf>>, told: readonly Fact[]) {
  const sampling = openQuestionSampler(told.length);
  for (const properties of told)
    sampling.add({ type: 'RELATES_TO', source: '', target: '', properties: { ...properties } } as Element);
  return sampling.ask(graph, embedder.dimension);
}

describe('the sampled queries of a restored graph', () => {
  test.each([3, 100])('all succeed, however many facts are alike (clusters: %s)', async (clusters) => {
    const known = facts(clusters);

    expect(await ask(await graphOf(known), known)).toEqual({ asked: 40, found: 40 });
  });

  test("fail when similar facts have each other's vectors", async () => {
    const known = facts(100);
    const exchanged = known.map((it, place) => ({ ...it, fact_embedding: known.at(place - 1)?.fact_embedding ?? [] }));

    expect(await ask(await graphOf(exchanged), known)).toEqual({ asked: 40, found: 20 });
  });

  test('fail without vectors, words or indexes', async () => {
    const known = facts(100);
    const graph = await graphOf(known);
    await graph.write('MATCH ()-[e:RELATES_TO]->() SET e.fact_embedding = null');
    expect(await ask(graph, known)).toEqual({ asked: 40, found: 20 });
    await graph.write("MATCH ()-[e:RELATES_TO]->() SET e.fact = 'Quay'");
    expect(await ask(graph, known)).toEqual({ asked: 40, found: 0 });

    expect(await ask(await graphOf(known, false), known)).toEqual({ asked: 40, found: 0 });
  });

  test('succeed for zero vectors and vectors of another length', async () => {
    const known = facts(100).map((it, place) => ({
      ...it,
      fact_embedding: place % 2 ? [1, 0.5] : it.fact_embedding.fill(0),
    }));

    expect(await ask(await graphOf(known), known)).toEqual({ asked: 40, found: 40 });
  });
});

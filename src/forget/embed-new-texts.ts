import type { Embedder } from '../models/embedder.ts';
import type { ForgetPlan } from './plan.ts';

/** Adds the vectors of new wordings and names; most calls need none. */
export async function embedNewTexts(
  changes: ForgetPlan['changes'],
  embedder: () => Promise<Embedder>,
): Promise<ForgetPlan['changes']> {
  const { rewordedFacts, renamedEntities, maskedVectors } = changes;
  const texts = [
    ...new Set([
      ...rewordedFacts.map(({ fact }) => fact),
      ...renamedEntities.map(({ name }) => name),
      ...maskedVectors.map(({ text }) => text),
    ]),
  ];
  const vectors = texts.length > 0 ? await (await embedder()).embed(texts) : [];
  // Float32, as in the graph.
  const vectorOf = new Map(texts.map((text, place) => [text, (vectors[place] ?? []).map(Math.fround)]));
  return {
    ...changes,
    rewordedFacts: rewordedFacts.map((fact) => ({ ...fact, embedding: vectorOf.get(fact.fact) ?? [] })),
    renamedEntities: renamedEntities.map((entity) => ({ ...entity, embedding: vectorOf.get(entity.name) ?? [] })),
    maskedVectors: maskedVectors.map((vector) => ({ ...vector, embedding: vectorOf.get(vector.text) ?? [] })),
  };
}

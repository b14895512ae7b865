import type { EntityQuestion, FactQuestion, LanguageModel, Undecided } from '../../src/models/language-model.ts';
import { plainModel } from './models.ts';

export interface Knowledge {
  /** Names that mean the same thing, one list each. */
  readonly same?: readonly (readonly string[])[];
  /** Sentences that say the same, one list each. */
  readonly repeats?: readonly (readonly string[])[];
  /** Relations of which a source has only one at a time. */
  readonly single?: readonly string[];
}

/** Reads like `plainModel` and decides what is undecided by what it was told; notes what it was asked. */
export function judgingModel(knowledge: Knowledge): LanguageModel & { calls: number; asked: Undecided[] } {
  const model = plainModel();
  const asked: Undecided[] = [];
  const together = (lists: Knowledge['same'], one: string, other: string) =>
    lists?.some((list) => list.includes(one) && list.includes(other)) === true;
  const entity = ({ name, candidates }: EntityQuestion) => {
    const place = candidates.findIndex((candidate) => together(knowledge.same, name, candidate.name));
    return place < 0 ? null : place;
  };
  const fact = ({ fact, candidates }: FactQuestion) => {
    const place = candidates.findIndex((candidate) => together(knowledge.repeats, fact.fact, candidate.fact));
    const contradicts = candidates.flatMap((candidate, index) =>
      knowledge.single?.includes(fact.relation) &&
      candidate.relation === fact.relation &&
      candidate.source === fact.source &&
      candidate.target !== fact.target
        ? [index]
        : [],
    );
    return { repeats: place < 0 ? null : place, contradicts };
  };
  return Object.assign(model, {
    asked,
    resolves: true,
    readsPrevious: true,
    resolve: async (undecided: Undecided) => {
      asked.push(undecided);
      return {
        entities: undecided.entities.map(entity),
        facts: undecided.facts.map(fact),
        use: [{ purpose: 'resolve' as const, model: 'judge', promptTokens: 100, completionTokens: 10 }],
      };
    },
  });
}

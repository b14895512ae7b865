import type {
  DatedFact,
  EntityCandidate,
  EntityQuestion,
  Extraction,
  LanguageModel,
} from '../../../src/models/language-model.ts';
import { localDefaults } from '../../../src/models/local/language-model.ts';

/** A scripted model's decisions in cases that rules cannot decide; all negative by default. */
export interface ScriptedDecisions {
  readonly isSame?: (asked: EntityQuestion, candidate: EntityCandidate) => boolean;
  readonly repeats?: (fact: DatedFact, candidate: DatedFact) => boolean;
  readonly contradicts?: (fact: DatedFact, candidate: DatedFact) => boolean;
}

export interface ScriptedModel extends LanguageModel {
  /** The names and facts of each call of `resolve`. */
  readonly asked: { readonly entities: readonly string[]; readonly facts: readonly string[] }[];
}

const never = () => false;

/** A model with extractions and decisions set by the test. */
export function scriptedModel(
  extractions: Readonly<Record<string, Partial<Extraction>>>,
  { isSame = never, repeats = never, contradicts = never }: ScriptedDecisions = {},
): ScriptedModel {
  const asked: ScriptedModel['asked'] = [];
  return {
    ...localDefaults,
    id: 'scripted-1',
    resolves: true,
    asked,
    async extract({ content }) {
      const extraction = extractions[content];
      if (!extraction) throw new Error(`no extraction is set for "${content}" says`);
      return { entities: [], facts: [], ended: [], ...extraction };
    },
    async resolve({ entities, facts }) {
      asked.push({ entities: entities.map(({ name }) => name), facts: facts.map(({ fact }) => fact.fact) });
      return {
        entities: entities.map((entity) =>
          place(entity.candidates.findIndex((candidate) => isSame(entity, candidate))),
        ),
        facts: facts.map(({ fact, candidates }) => ({
          repeats: place(candidates.findIndex((candidate) => repeats(fact, candidate))),
          contradicts: candidates.flatMap((candidate, at) => (contradicts(fact, candidate) ? [at] : [])),
        })),
      };
    },
    async close() {},
  };
}

const place = (index: number): number | null => (index < 0 ? null : index);

import type { ChangedFact, NewFact } from '../graph/queries/commit.ts';
import type { StoredFact } from '../graph/queries/find-facts.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';

export type UnembeddedFact = Omit<NewFact, 'embedding'>;

/** A fact as it stands after all that the batch has said so far. */
export interface StandingFact {
  readonly uuid: string;
  readonly source: string;
  readonly target: string;
  readonly fact: string;
  /** What only a fact of this batch still has to be written with; null for one that the graph had. */
  readonly created: { readonly relation: string; readonly referenceTime: Date } | null;
  episodes: string[];
  validAt: Date | null;
  invalidAt: Date | null;
  expiredAt: Date | null;
  changed: boolean;
}

export function fromStored({ episodes, validAt, invalidAt, expiredAt, ...fact }: StoredFact): StandingFact {
  return {
    ...fact,
    created: null,
    episodes: [...episodes],
    validAt: fromGraphTime(validAt),
    invalidAt: fromGraphTime(invalidAt),
    expiredAt: fromGraphTime(expiredAt),
    changed: false,
  };
}

export function toNew(facts: readonly StandingFact[]): UnembeddedFact[] {
  return facts.flatMap(({ created, ...fact }) => {
    if (!created) return [];
    const { relation, referenceTime } = created;
    return [{ ...toChanged(fact), fact: fact.fact, relation, referenceTime: toGraphTime(referenceTime) }];
  });
}

export function toChanges(facts: readonly StandingFact[]): ChangedFact[] {
  return facts.filter(({ created, changed }) => !created && changed).map(toChanged);
}

function toChanged(fact: Omit<StandingFact, 'created'>): ChangedFact {
  const { uuid, source, target, episodes, validAt, invalidAt, expiredAt } = fact;
  const times = { validAt: orNull(validAt), invalidAt: orNull(invalidAt), expiredAt: orNull(expiredAt) };
  return { uuid, source, target, episodes, ...times };
}

const orNull = (date: Date | null) => date && toGraphTime(date);

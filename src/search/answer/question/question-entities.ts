import type { FactRow } from '../../../graph/queries/search-facts.ts';
import { countOccurrences, termsOf } from '../../../passages/terms.ts';

/** Entities by the terms of their names. */
interface QuestionEntities {
  /** Those that the question names. */
  readonly named: readonly (readonly string[])[];
  /** Those that a found fact connects with one of them, and that the question does not name. */
  readonly neighbours: readonly (readonly string[])[];
}

/** A text that mentions all neighbours and none of the named entities counts half as much as one that mentions a named one. */
const OF_NEIGHBOURS = 0.5;

/** How much a text mentions the entities that a question names, from 0 to 1. The text is given as its terms with spaces between them. */
export type MentionScorer = (terms: string) => number;

/** Entities are those of the facts that were found for the question. */
export function entityMentions(terms: readonly string[], facts: readonly FactRow[]): MentionScorer {
  const { named, neighbours } = entitiesOf(new Set(terms), facts);
  if (named.length === 0) return () => 0;
  return (held) => {
    const isMentioned = (name: readonly string[]) => name.every((term) => countOccurrences(held, term) > 0);
    if (named.some(isMentioned)) return 1;
    return neighbours.length === 0 ? 0 : (OF_NEIGHBOURS * neighbours.filter(isMentioned).length) / neighbours.length;
  };
}

function entitiesOf(asked: ReadonlySet<string>, facts: readonly FactRow[]): QuestionEntities {
  const named = new Map<string, readonly string[]>();
  const neighbours = new Map<string, readonly string[]>();
  // Some entities take part in many of the facts.
  const analysed = new Map<string, readonly string[]>();
  const termsOfName = (name: string) => {
    const terms = analysed.get(name) ?? termsOf(name);
    analysed.set(name, terms);
    return terms;
  };
  for (const { source, target } of facts)
    for (const [name, other] of [
      [source, target],
      [target, source],
    ] as const) {
      const terms = termsOfName(name);
      if (terms.length === 0 || !terms.every((term) => asked.has(term))) continue;
      const others = termsOfName(other);
      named.set(name, terms);
      if (others.some((term) => !asked.has(term))) neighbours.set(other, others);
    }
  return { named: [...named.values()], neighbours: [...neighbours.values()] };
}

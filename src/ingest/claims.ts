import type { StoredFact } from '../graph/queries/find-facts.ts';
import { supportsOf } from './evidence.ts';
import { sameKey } from './names.ts';
import type { Support } from './timeline.ts';

/**
 * Something that is said of two entities, by one episode or many, at one time or several. Each span of time in which it held is
 * a fact of the graph.
 */
export interface Claim {
  readonly source: string;
  readonly target: string;
  /** These two are another's once nobody says it in these words any more. */
  relation: string;
  fact: string;
  readonly supports: Support[];
  /** Keys of the sentences in which it was said. */
  readonly wordings: Set<string>;
  /** Claims that cannot hold at the same time. */
  readonly rivals: Set<Claim>;
  /** uuids of facts of rivals, some of which may not be loaded. */
  readonly rivalUuids: Set<string>;
  /** Its facts as the graph has them. */
  readonly stored: StoredFact[];
  /** True when it gained a support or an ending, so that its spans must be worked out anew from everything. */
  touched: boolean;
}

/** The claims that a commit has to do with. */
export interface Claims {
  readonly all: ReadonlySet<Claim>;
  /**
   * Adds facts of the graph; known ones are passed over.
   * @param pairs by `pairKey`: these are all facts between their two entities
   */
  load(facts: readonly StoredFact[], times: ReadonlyMap<string, string>, pairs: Iterable<string>): void;
  /** True when all facts between its two entities are loaded. */
  isWhole(claim: Claim): boolean;
  /** What was said of two entities in these words, if anything. */
  find(source: string, target: string, fact: string): Claim | undefined;
  between(one: string, other: string): Claim[];
  ofFact(uuid: string): Claim | undefined;
  add(source: string, target: string, relation: string, fact: string): Claim;
  /** Notes that it was said in other words as well, also when they name the two the other way round. */
  reword(claim: Claim, fact: string): void;
}

export function openClaims(): Claims {
  const all = new Set<Claim>();
  const byWords = new Map<string, Claim>();
  const byFact = new Map<string, Claim>();
  const byPair = new Map<string, Set<Claim>>();
  const whole = new Set<string>();

  function add(source: string, target: string, relation: string, fact: string): Claim {
    const claim: Claim = {
      source,
      target,
      relation,
      fact,
      supports: [],
      wordings: new Set(),
      rivals: new Set(),
      rivalUuids: new Set(),
      stored: [],
      touched: false,
    };
    all.add(claim);
    const pair = pairKey(source, target);
    byPair.set(pair, (byPair.get(pair) ?? new Set()).add(claim));
    claim.wordings.add(sameKey(fact));
    byWords.set(wordsKey(source, target, fact), claim);
    return claim;
  }

  function reword(claim: Claim, fact: string): void {
    const { source, target } = claim;
    claim.wordings.add(sameKey(fact));
    for (const key of [wordsKey(source, target, fact), wordsKey(target, source, fact)])
      if (!byWords.has(key)) byWords.set(key, claim);
  }

  const find = (source: string, target: string, fact: string) => byWords.get(wordsKey(source, target, fact));

  return {
    all,
    add,
    reword,
    find,
    between: (one, other) => [...(byPair.get(pairKey(one, other)) ?? [])],
    ofFact: (uuid) => byFact.get(uuid),
    isWhole: ({ source, target }) => whole.has(pairKey(source, target)),
    load(facts, times, pairs) {
      for (const pair of pairs) whole.add(pair);
      for (const fact of facts) {
        if (byFact.has(fact.uuid)) continue;
        const claim =
          find(fact.source, fact.target, fact.fact) ?? add(fact.source, fact.target, fact.relation, fact.fact);
        byFact.set(fact.uuid, claim);
        claim.stored.push(fact);
        claim.supports.push(...supportsOf(fact, times));
        for (const rival of fact.rivals ?? []) claim.rivalUuids.add(rival);
      }
      // Last, since what a fact itself says comes before what another is said to mean.
      for (const { uuid, wordings } of facts)
        for (const wording of wordings ?? []) reword(byFact.get(uuid) as Claim, wording);
      for (const claim of all)
        for (const uuid of claim.rivalUuids) {
          const rival = byFact.get(uuid);
          if (rival && rival !== claim) claim.rivals.add(rival);
        }
    },
  };
}

export function makeRivals(one: Claim, other: Claim): void {
  if (one === other) return;
  one.rivals.add(other);
  other.rivals.add(one);
}

/** The same for both directions. */
export const pairKey = (one: string, other: string): string => (one < other ? `${one} ${other}` : `${other} ${one}`);

const wordsKey = (source: string, target: string, fact: string) => `${source} ${target} ${sameKey(fact)}`;

import type { Redis } from 'ioredis';
import type { StoredFact } from '../graph/queries/commit-reads.ts';
import type { DatedFact, EntityQuestion, FactQuestion, LanguageModel, TokenUse } from '../models/language-model.ts';
import { fromGraphTime, HOUR, SECOND } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';
import type { Claim, Claims } from './claims.ts';
import { type FactCandidate, factCandidates, isUnresolved } from './fact-candidates.ts';
import { type Memo, parseStoredResolution, shortHash } from './memo.ts';
import { type EntityGuess, type EntityGuesses, type MeaningCandidate, meaningCandidates } from './resolve-entities.ts';
import type { StageTimer } from './timed-stages.ts';
import type { UnresolvedFact } from './unresolved-facts.ts';

/** The model that decides what rules cannot. */
export type Resolver = Pick<LanguageModel, 'resolves' | 'resolve'>;

const TTL_SECONDS = (1 * HOUR) / SECOND;

/**
 * Caches a verdict for an hour by its questions, so that a commit that was refused afterwards does not pay twice. A verdict that
 * cannot be stored or read is requested again.
 */
export function memoizedResolver(
  valkey: Redis,
  group: string,
  model: Resolver & Pick<LanguageModel, 'id'>,
  count: Memo['count'],
  stage: StageTimer,
): Resolver {
  return {
    resolves: model.resolves,
    async resolve(undecided) {
      const key = `${groupKey(valkey, 'memo', group)}:judgement:${shortHash(model.id, undecided)}`;
      const counts = { entities: undecided.entities.length, facts: undecided.facts.length };
      const stored = await valkey.get(key).catch(() => null);
      const memoized = stored === null ? undefined : parseStoredResolution(stored, counts);
      count('judgement', memoized !== undefined);
      if (memoized) return memoized;
      const verdict = await stage('resolve', { tags: { group } }, () => model.resolve(undecided));
      valkey.set(key, JSON.stringify(verdict), 'EX', TTL_SECONDS).catch(() => {});
      return verdict;
    },
  };
}

export interface Decisions {
  /** The model's choices for undecided names. */
  readonly choices: ReadonlyMap<EntityGuess, MeaningCandidate>;
  readonly repeats: ReadonlyMap<UnresolvedFact, FactCandidate>;
  readonly contradicts: ReadonlyMap<UnresolvedFact, readonly FactCandidate[]>;
  readonly use: readonly TokenUse[];
}

const NO_DECISIONS: Decisions = { choices: new Map(), repeats: new Map(), contradicts: new Map(), use: [] };
const MAX_FACTS_PER_NAME = 3;

/** Asks the model, in one call, what rules cannot decide in the whole batch. No call when rules decide everything. */
export async function decide(
  resolver: Resolver,
  guesses: EntityGuesses,
  unresolvedFacts: readonly UnresolvedFact[],
  claims: Claims,
  facts: readonly StoredFact[],
): Promise<Decisions> {
  if (!resolver.resolves) return NO_DECISIONS;
  const names = [...guesses.values()]
    .map((guess) => ({ guess, candidates: meaningCandidates(guess) }))
    .filter(({ candidates }) => candidates.length > 0);
  const candidatesOf = factCandidates(unresolvedFacts, claims, facts);
  const comparisons = unresolvedFacts
    .map((unresolvedFact) => ({ unresolvedFact, candidates: candidatesOf(unresolvedFact) }))
    .filter(({ candidates }) => candidates.length > 0);
  if (names.length === 0 && comparisons.length === 0) return NO_DECISIONS;

  const verdict = await resolver.resolve({
    entities: names.map(({ guess, candidates }) => entityQuestion(guess, candidates, unresolvedFacts)),
    facts: comparisons.map(({ unresolvedFact, candidates }) => factQuestion(unresolvedFact, candidates)),
  });
  const choices = new Map<EntityGuess, MeaningCandidate>();
  for (const [index, { guess, candidates }] of names.entries()) {
    const chosen = candidates[verdict.entities[index] ?? -1];
    if (chosen) choices.set(guess, chosen);
  }
  const repeats = new Map<UnresolvedFact, FactCandidate>();
  const contradicts = new Map<UnresolvedFact, FactCandidate[]>();
  for (const [index, { unresolvedFact, candidates }] of comparisons.entries()) {
    const answer = verdict.facts[index];
    const repeated = candidates[answer?.repeats ?? -1];
    if (repeated) repeats.set(unresolvedFact, repeated);
    const ruledOut = (answer?.contradicts ?? []).flatMap((place) => candidates[place] ?? []);
    contradicts.set(
      unresolvedFact,
      ruledOut.filter((other) => other !== repeated),
    );
  }
  return { choices, repeats, contradicts, use: verdict.use ?? [] };
}

function entityQuestion(
  guess: EntityGuess,
  candidates: readonly MeaningCandidate[],
  unresolvedFacts: readonly UnresolvedFact[],
): EntityQuestion {
  const facts = unresolvedFacts.filter(({ source, target }) => source === guess || target === guess);
  return {
    name: guess.newName.name,
    type: guess.newName.type,
    facts: facts.slice(0, MAX_FACTS_PER_NAME).map(({ stated }) => stated.fact),
    candidates: candidates.map(entityCandidate),
  };
}

function entityCandidate(meaning: MeaningCandidate): EntityQuestion['candidates'][number] {
  if (meaning.kind === 'name')
    return { name: meaning.guess.newName.name, type: meaning.guess.newName.type, summary: '' };
  const { name, labels, summary } = meaning.entity;
  return { name, type: labels.find((label) => label !== 'Entity') ?? 'Entity', summary };
}

function factQuestion(unresolvedFact: UnresolvedFact, candidates: readonly FactCandidate[]): FactQuestion {
  return {
    fact: datedFact(unresolvedFact),
    candidates: candidates.map((candidate) => (isUnresolved(candidate) ? datedFact(candidate) : datedClaim(candidate))),
  };
}

function datedFact({ stated, episode }: UnresolvedFact): DatedFact {
  const { source, target, relation, fact, invalidAt } = stated;
  return { source, target, relation, fact, validAt: stated.validAt ?? episode.referenceTime, invalidAt };
}

function datedClaim({ stored, relation, fact }: Claim): DatedFact {
  const last = [...stored].sort((a, b) => ((a.validAt ?? '') < (b.validAt ?? '') ? 1 : -1))[0];
  return {
    source: last?.sourceName ?? '',
    target: last?.targetName ?? '',
    relation,
    fact,
    validAt: fromGraphTime(last?.validAt ?? last?.referenceTime),
    invalidAt: fromGraphTime(last?.invalidAt),
  };
}

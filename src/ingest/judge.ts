import type { Redis } from 'ioredis';
import type { StoredEntity } from '../graph/queries/begin-commit.ts';
import type { StoredFact } from '../graph/queries/find-facts.ts';
import type { DatedFact, EntityQuestion, FactQuestion, LanguageModel, TokenUse } from '../models/language-model.ts';
import { fromGraphTime, HOUR, SECOND } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';
import type { Claim, Claims } from './claims.ts';
import { hashOf, type Memo, readVerdict } from './memo.ts';
import { type Other, othersOf } from './reconcile-facts.ts';
import type { Guess, Guesses } from './resolve-entities.ts';
import type { Stages } from './stages.ts';
import type { Statement } from './statements.ts';

/** The model that decides what rules cannot. */
export type Judge = Pick<LanguageModel, 'resolves' | 'resolve'>;

const TTL_SECONDS = (1 * HOUR) / SECOND;

/**
 * Caches a verdict for an hour by its questions, so that a commit that was refused afterwards does not pay twice. A verdict that
 * cannot be stored or read is requested again.
 */
export function memoizedJudge(
  valkey: Redis,
  group: string,
  model: Judge & Pick<LanguageModel, 'id'>,
  count: Memo['count'],
  stage: Stages,
): Judge {
  return {
    resolves: model.resolves,
    async resolve(undecided) {
      const key = `${groupKey(valkey, 'memo', group)}:judgement:${hashOf(model.id, undecided)}`;
      const asked = { entities: undecided.entities.length, facts: undecided.facts.length };
      const stored = await valkey.get(key).catch(() => null);
      const known = stored === null ? undefined : readVerdict(stored, asked);
      count('judgement', known !== undefined);
      if (known) return known;
      const verdict = await stage('resolve', { tags: { group } }, () => model.resolve(undecided));
      valkey.set(key, JSON.stringify(verdict), 'EX', TTL_SECONDS).catch(() => {});
      return verdict;
    },
  };
}

export interface Judged {
  /** The model's choices for undecided names. */
  readonly choices: ReadonlyMap<Guess, StoredEntity | Guess>;
  readonly repeats: ReadonlyMap<Statement, Other>;
  readonly contradicts: ReadonlyMap<Statement, readonly Other[]>;
  readonly use: readonly TokenUse[];
}

const NO_DECISIONS: Judged = { choices: new Map(), repeats: new Map(), contradicts: new Map(), use: [] };
const MAX_FACTS_PER_NAME = 3;

/** Asks the model, in one call, what rules cannot decide in the whole batch. No call when rules decide everything. */
export async function judge(
  model: Judge,
  guesses: Guesses,
  statements: readonly Statement[],
  claims: Claims,
  facts: readonly StoredFact[],
): Promise<Judged> {
  if (!model.resolves) return NO_DECISIONS;
  const names = [...guesses.byKey.values()]
    .map((guess) => ({ guess, candidates: [...guess.candidates, ...guess.alike] }))
    .filter(({ guess, candidates }) => !guess.known && !guess.same && candidates.length > 0);
  const others = othersOf(statements, claims, facts);
  const asked = statements
    .map((statement) => ({ statement, candidates: others(statement) }))
    .filter(({ candidates }) => candidates.length > 0);
  if (names.length === 0 && asked.length === 0) return NO_DECISIONS;

  const verdict = await model.resolve({
    entities: names.map(({ guess, candidates }) => entityQuestion(guess, candidates, statements)),
    facts: asked.map(({ statement, candidates }) => factQuestion(statement, candidates)),
  });
  const choices = new Map<Guess, StoredEntity | Guess>();
  for (const [index, { guess, candidates }] of names.entries()) {
    const chosen = candidates[verdict.entities[index] ?? -1];
    if (chosen) choices.set(guess, chosen);
  }
  const repeats = new Map<Statement, Other>();
  const contradicts = new Map<Statement, Other[]>();
  for (const [index, { statement, candidates }] of asked.entries()) {
    const answer = verdict.facts[index];
    const repeated = candidates[answer?.repeats ?? -1];
    if (repeated) repeats.set(statement, repeated);
    const ruledOut = (answer?.contradicts ?? []).flatMap((place) => candidates[place] ?? []);
    contradicts.set(
      statement,
      ruledOut.filter((other) => other !== repeated),
    );
  }
  return { choices, repeats, contradicts, use: verdict.use ?? [] };
}

function entityQuestion(
  guess: Guess,
  candidates: readonly (StoredEntity | Guess)[],
  statements: readonly Statement[],
): EntityQuestion {
  const facts = statements.filter(({ source, target }) => source === guess || target === guess);
  return {
    name: guess.thing.name,
    type: guess.thing.type,
    facts: facts.slice(0, MAX_FACTS_PER_NAME).map(({ stated }) => stated.fact),
    candidates: candidates.map((candidate) =>
      'thing' in candidate
        ? { name: candidate.thing.name, type: candidate.thing.type, summary: '' }
        : {
            name: candidate.name,
            type: candidate.labels.find((label) => label !== 'Entity') ?? 'Entity',
            summary: candidate.summary,
          },
    ),
  };
}

function factQuestion(statement: Statement, candidates: readonly Other[]): FactQuestion {
  return {
    fact: datedStatement(statement),
    candidates: candidates.map((candidate) =>
      'stated' in candidate ? datedStatement(candidate) : datedClaim(candidate),
    ),
  };
}

function datedStatement({ stated, episode }: Statement): DatedFact {
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

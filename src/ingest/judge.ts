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

/** Who decides what rules could not. */
export type Judge = Pick<LanguageModel, 'resolves' | 'resolve'>;

const KEPT = (1 * HOUR) / SECOND;

/**
 * Remembers a verdict for an hour by the very questions, so that a commit which was refused after it does not pay twice. A
 * verdict that cannot be kept or read is asked for again.
 */
export function rememberingJudge(
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
      const kept = await valkey.get(key).catch(() => null);
      const known = kept === null ? undefined : readVerdict(kept, asked);
      count('judgement', known !== undefined);
      if (known) return known;
      const verdict = await stage('resolve', { tags: { group } }, () => model.resolve(undecided));
      valkey.set(key, JSON.stringify(verdict), 'EX', KEPT).catch(() => {});
      return verdict;
    },
  };
}

export interface Judged {
  /** What the model chose for names that were undecided. */
  readonly choices: ReadonlyMap<Guess, StoredEntity | Guess>;
  readonly repeats: ReadonlyMap<Statement, Other>;
  readonly contradicts: ReadonlyMap<Statement, readonly Other[]>;
  readonly use: readonly TokenUse[];
}

const NOTHING: Judged = { choices: new Map(), repeats: new Map(), contradicts: new Map(), use: [] };
const SHOWN_FACTS = 3;

/** Asks the model, in one call, what rules could not decide in the whole batch; not at all when they decided everything. */
export async function judge(
  model: Judge,
  guesses: Guesses,
  statements: readonly Statement[],
  claims: Claims,
  facts: readonly StoredFact[],
): Promise<Judged> {
  if (!model.resolves) return NOTHING;
  const names = [...guesses.byKey.values()]
    .map((guess) => ({ guess, candidates: [...guess.candidates, ...guess.alike] }))
    .filter(({ guess, candidates }) => !guess.known && !guess.same && candidates.length > 0);
  const others = othersOf(statements, claims, facts);
  const asked = statements
    .map((statement) => ({ statement, candidates: others(statement) }))
    .filter(({ candidates }) => candidates.length > 0);
  if (names.length === 0 && asked.length === 0) return NOTHING;

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
    facts: facts.slice(0, SHOWN_FACTS).map(({ stated }) => stated.fact),
    candidates: candidates.map((it) =>
      'thing' in it
        ? { name: it.thing.name, type: it.thing.type, summary: '' }
        : { name: it.name, type: it.labels.find((label) => label !== 'Entity') ?? 'Entity', summary: it.summary },
    ),
  };
}

function factQuestion(statement: Statement, candidates: readonly Other[]): FactQuestion {
  return {
    fact: shownStatement(statement),
    candidates: candidates.map((it) => ('stated' in it ? shownStatement(it) : shownClaim(it))),
  };
}

function shownStatement({ stated, episode }: Statement): DatedFact {
  const { source, target, relation, fact, invalidAt } = stated;
  return { source, target, relation, fact, validAt: stated.validAt ?? episode.referenceTime, invalidAt };
}

function shownClaim({ stored, relation, fact }: Claim): DatedFact {
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

import type { StoredEntity } from '../graph/queries/begin-commit.ts';
import type { StoredFact } from '../graph/queries/find-facts.ts';
import type { DatedFact, EntityQuestion, FactQuestion, LanguageModel, TokenUse } from '../models/language-model.ts';
import { fromGraphTime } from '../time.ts';
import type { Claim, Claims } from './claims.ts';
import { sameKey } from './names.ts';
import type { Guess, Guesses } from './resolve-entities.ts';
import { candidatesOf, possible, type Statement } from './statements.ts';

/** Something that a statement may repeat or contradict: what the graph has, or what another episode of the batch says. */
export type Other = Claim | Statement;

export interface Judged {
  /** What the model chose for names that were undecided. */
  readonly choices: ReadonlyMap<Guess, StoredEntity | Guess>;
  readonly repeats: ReadonlyMap<Statement, Other>;
  readonly contradicts: ReadonlyMap<Statement, readonly Other[]>;
  readonly use: readonly TokenUse[];
}

const NOTHING: Judged = { choices: new Map(), repeats: new Map(), contradicts: new Map(), use: [] };
const MOST_CANDIDATES = 8;
const SHOWN_FACTS = 3;
/** Cosine from which on two statements of a batch may have to do with the same. */
const NEAR = 0.4;

/** Asks the model, in one call, what rules could not decide in the whole batch; not at all when they decided everything. */
export async function judge(
  model: LanguageModel,
  guesses: Guesses,
  statements: readonly Statement[],
  claims: Claims,
  facts: readonly StoredFact[],
): Promise<Judged> {
  if (!model.resolves) return NOTHING;
  const names = [...guesses.byKey.values()]
    .map((guess) => ({ guess, candidates: [...guess.candidates, ...guess.alike] }))
    .filter(({ guess, candidates }) => !guess.known && !guess.same && candidates.length > 0);
  const near = candidatesOf(facts);
  const asked = statements
    .map((statement) => ({ statement, candidates: othersOf(statement, statements, claims, near) }))
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

/** None where the same was said before in the same words, unless it had ended: its rivals are known, or there are none. */
function othersOf(
  statement: Statement,
  statements: readonly Statement[],
  claims: Claims,
  near: ReadonlyMap<number, StoredFact[]>,
): Other[] {
  const said = knownClaim(statement, claims);
  if (said && (said.rivals.size > 0 || said.rivalUuids.size > 0 || said.stored.some(({ invalidAt }) => !invalidAt)))
    return [];
  const before = statements.slice(0, statement.place);
  if (before.some((other) => isSameWords(other, statement))) return [];
  const known = (near.get(statement.place) ?? []).flatMap(({ uuid }) => claims.ofFact(uuid) ?? []);
  const told = before.filter((other) => other.episode !== statement.episode && mayConcern(other, statement));
  return [...new Set<Other>([...known, ...told])].filter((other) => other !== said).slice(0, MOST_CANDIDATES);
}

function knownClaim({ stated, source, target }: Statement, claims: Claims): Claim | undefined {
  for (const { uuid } of possible(source))
    for (const { uuid: other } of possible(target)) {
      const claim = claims.find(uuid, other, stated.fact);
      if (claim) return claim;
    }
  return undefined;
}

function isSameWords(one: Statement, other: Statement): boolean {
  return (
    one.source === other.source &&
    one.target === other.target &&
    sameKey(one.stated.fact) === sameKey(other.stated.fact)
  );
}

function mayConcern(one: Statement, other: Statement): boolean {
  const ends = new Set([one.source, one.target]);
  if (!ends.has(other.source) && !ends.has(other.target)) return false;
  const sameKind = one.source === other.source && one.stated.relation === other.stated.relation;
  return sameKind || cosine(one.vector, other.vector) >= NEAR;
}

/** Of vectors of length 1. */
function cosine(one: readonly number[], other: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < one.length; index += 1) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
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

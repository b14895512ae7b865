import { StaleFenceError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { commit } from '../graph/queries/commit.ts';
import { factsOfSamePairs, findFacts, type StoredFact } from '../graph/queries/find-facts.ts';
import { episodeTimes } from '../graph/queries/record.ts';
import { linkSagas } from '../graph/queries/sagas.ts';
import type { Lease } from '../valkey/lease.ts';
import { changesOf } from './changes.ts';
import { type Claims, type Ending, openClaims, pairKey, readEnding } from './claims.ts';
import type { Extracted } from './extract.ts';
import { type Judge, judge } from './judge.ts';
import { endingsKey } from './names.ts';
import { reconcileFacts } from './reconcile-facts.ts';
import { guessEntities, type Resolution, resolveEntities } from './resolve-entities.ts';
import { settle } from './settle.ts';
import { lookupsOf, sortedByTime, statementsOf } from './statements.ts';
import { newSummaries, summaryChanges } from './summaries.ts';

/** The result of a write. */
export interface Written {
  /** Episodes that were not committed before. */
  readonly count: number;
  /** uuids of episodes that the graph has lost since they were recorded, and that must be retried. */
  readonly lost: readonly string[];
  /** Whether an entity's summary has reached its length limit. */
  readonly isLong: boolean;
}

/**
 * Computes the changes of the extracted episodes and writes them in one step.
 * @param lease the group's; nothing is written once it is no longer held
 * @throws StaleFenceError when another worker has written meanwhile, or may have
 */
export async function write(
  graph: GroupGraph,
  model: Judge,
  lease: Pick<Lease, 'fence' | 'isHeld'>,
  extracted: readonly Extracted[],
): Promise<Written> {
  const { fence } = lease;
  const now = new Date();
  const batch = sortedByTime(extracted);
  const guesses = await guessEntities(graph, batch, model.resolves);
  const excluded = new Set([...guesses.done, ...guesses.lost]);
  if (excluded.size > 0) {
    const rest = batch.filter(({ episode }) => !excluded.has(episode.uuid));
    const written = rest.length > 0 ? await write(graph, model, lease, rest) : { count: 0, lost: [], isLong: false };
    return { ...written, lost: [...guesses.lost, ...written.lost] };
  }
  const statements = statementsOf(batch, guesses);
  const lookups = lookupsOf(batch, guesses, statements);
  const found =
    lookups.pairs.length + lookups.facts.length > 0
      ? await findFacts(graph, lookups.pairs, model.resolves ? lookups.facts : [])
      : { facts: [], endings: [] };
  const claims = openClaims();
  await loadFacts(
    graph,
    claims,
    found.facts,
    lookups.pairs.map(({ one, other }) => pairKey(one, other)),
  );

  const judged = await judge(model, guesses, statements, claims, found.facts);
  const entities = resolveEntities(graph.group, guesses, judged.choices);
  const reconciled = reconcileFacts(batch, statements, claims, endingsOf(found.endings), entities, judged);
  await loadRivals(graph, claims);
  const settled = settle(claims, reconciled.endings, now);

  const summaries = await newSummaries(graph, summaryChanges(settled, now), createdUuids(entities), now);

  // A judgement may take long; the lease may have been lost meanwhile.
  if (!lease.isHeld()) throw leaseLost(graph);
  const sagas = sagasOf(batch);
  if (!(await linkSagas(graph, { fence, seen: guesses.fence, now }, sagas))) throw leaseLost(graph);
  const seen = sagas.length > 0 ? fence : guesses.fence;
  const isWritten = await commit(
    graph,
    changesOf({ batch, fence, seen, now, entities, reconciled, settled, summaries, use: judged.use }),
  );
  if (!isWritten) throw leaseLost(graph);
  return { count: batch.length, lost: [], isLong: summaries.some(({ isLong }) => isLong) };
}

function leaseLost({ group }: GroupGraph): StaleFenceError {
  return new StaleFenceError(`Another worker has taken over the memory "${group}"; this episode is tried again.`);
}

function createdUuids({ byKey }: Resolution): Set<string> {
  return new Set([...byKey.values()].filter(({ known }) => !known).map(({ uuid }) => uuid));
}

/** @param pairs by `pairKey`: these are all facts between their two entities */
export async function loadFacts(
  graph: GroupGraph,
  claims: Claims,
  facts: readonly StoredFact[],
  pairs: Iterable<string>,
): Promise<void> {
  // Only Python writes facts of several episodes without evidence.
  const withoutEvidence = facts.filter(({ supports, episodes }) => !supports && episodes.length > 1);
  const episodes = [...new Set(withoutEvidence.flatMap((fact) => fact.episodes.slice(1)))];
  claims.load(facts, episodes.length > 0 ? await episodeTimes(graph, episodes) : new Map(), pairs);
}

/** Loads the rivals of touched claims with all facts of their pairs, since their spans change too. */
async function loadRivals(graph: GroupGraph, claims: Claims): Promise<void> {
  const touched = [...claims.all].filter((claim) => claim.touched);
  const missing = touched.flatMap(({ rivalUuids }) => [...rivalUuids].filter((uuid) => !claims.findByFact(uuid)));
  const partial = touched
    .flatMap(({ rivals }) => [...rivals])
    .filter((rival) => !claims.isComplete(rival))
    .flatMap(({ stored }) => stored.slice(0, 1).map(({ uuid }) => uuid));
  await loadFactsOfPairs(graph, claims, [...missing, ...partial]);
}

/** Loads facts with all other facts between the same entities. */
export async function loadFactsOfPairs(graph: GroupGraph, claims: Claims, uuids: readonly string[]): Promise<void> {
  if (uuids.length === 0) return;
  const facts = await factsOfSamePairs(graph, [...new Set(uuids)]);
  await loadFacts(
    graph,
    claims,
    facts,
    facts.map(({ source, target }) => pairKey(source, target)),
  );
}

export function endingsOf(stored: readonly { key: string; endings: readonly string[] }[]): Map<string, Ending[]> {
  const prefix = endingsKey('');
  return new Map(stored.map(({ key, endings }) => [key.slice(prefix.length), endings.flatMap(readEnding)]));
}

function sagasOf(batch: readonly Extracted[]) {
  return batch.flatMap(({ episode: { uuid, saga, referenceTime } }) =>
    saga ? [{ saga, episode: uuid, referenceTime }] : [],
  );
}

import { StaleFenceError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { endingsKey } from '../graph/meta-keys.ts';
import { commit } from '../graph/queries/commit.ts';
import {
  type CommitSnapshot,
  factsOfSamePairs,
  findFactsToCompare,
  readCommitSnapshot,
  type StoredFact,
} from '../graph/queries/commit-reads.ts';
import { episodeTimes } from '../graph/queries/record.ts';
import { linkSagas } from '../graph/queries/sagas.ts';
import { isPreparedFor } from '../graph/schema.ts';
import type { Embedder } from '../models/embedder.ts';
import type { Lease } from '../valkey/lease.ts';
import { buildCommit, type CommitInputs } from './build-commit.ts';
import { type Claims, type Ending, openClaims, pairKey, readEnding } from './claims.ts';
import { decide, type Resolver } from './decide.ts';
import type { ExtractedEpisode } from './extract.ts';
import { computeFactChanges } from './fact-changes.ts';
import { reconcileFacts } from './reconcile-facts.ts';
import { guessEntities, nameLookups, namesIn, type Resolution, resolveEntities } from './resolve-entities.ts';
import { newSummaries, summaryChanges } from './summaries.ts';
import { type FactLookups, factLookups, sortedByTime, unresolvedFactsIn } from './unresolved-facts.ts';

/** The result of a write. */
export interface WriteResult {
  /** Episodes that were not committed before. */
  readonly count: number;
  /** uuids of episodes that the graph has lost since they were recorded, and that must be retried. */
  readonly lost: readonly string[];
  /** Whether an entity's summary has reached its length limit. */
  readonly isLong: boolean;
}

/**
 * Computes the changes of the extracted episodes and writes them in one query:
 * snapshot → guess entities → find facts → decide → resolve entities → reconcile → compute changes → summarize → commit.
 * Everything is computed from reads that began with the fence; the commit is refused if anyone wrote since.
 * @param lease the group's; nothing is written once it is no longer held
 * @throws StaleFenceError when another worker has written meanwhile, or may have; EmbedderMismatchError when the graph has another
 *         embedder since the extraction
 */
export async function writeBatch(
  graph: GroupGraph,
  resolver: Resolver,
  lease: Pick<Lease, 'fence' | 'isHeld'>,
  extracted: readonly ExtractedEpisode[],
  embedder: Embedder,
): Promise<WriteResult> {
  const now = new Date();
  const batch = sortedByTime(extracted);
  const names = namesIn(batch);
  const snapshot = await readCommitSnapshot(
    graph,
    batch.map(({ episode }) => episode.uuid),
    nameLookups(graph.group, names),
  );
  if (!isPreparedFor(snapshot.embedder, embedder)) await graph.checkNow(embedder);
  if (snapshot.done.length + snapshot.lost.length > 0) {
    const remaining = remainingOf(batch, snapshot);
    if (remaining.length === 0) return { count: 0, lost: snapshot.lost, isLong: false };
    const written = await writeBatch(graph, resolver, lease, remaining, embedder);
    return { ...written, lost: [...snapshot.lost, ...written.lost] };
  }

  const guesses = await guessEntities(graph, batch, names, snapshot.entities, resolver.resolves);
  const unresolvedFacts = unresolvedFactsIn(batch, guesses);
  const stored = await findStored(graph, factLookups(batch, guesses, unresolvedFacts), resolver);
  const claims = openClaims();
  await loadFacts(graph, claims, stored.facts, stored.pairs);

  const decisions = await decide(resolver, guesses, unresolvedFacts, claims, stored.facts);
  const entities = resolveEntities(graph.group, guesses, decisions.choices);
  const reconciled = reconcileFacts(batch, unresolvedFacts, claims, endingsOf(stored.endings), entities, decisions);

  await loadRivals(graph, claims);
  const factChanges = computeFactChanges(claims, reconciled.endings, now);
  const summaries = await newSummaries(graph, summaryChanges(factChanges, now), createdUuids(entities), now);

  const inputs = { batch, now, entities, reconciled, factChanges, summaries, use: decisions.use };
  await commitBatch(graph, lease, snapshot, inputs);
  return { count: batch.length, lost: [], isLong: summaries.some(({ isLong }) => isLong) };
}

/** The batch without episodes that are already committed or removed, or that the graph has lost. */
function remainingOf(batch: readonly ExtractedEpisode[], { done, lost }: CommitSnapshot): ExtractedEpisode[] {
  const excluded = new Set([...done, ...lost]);
  return batch.filter(({ episode }) => !excluded.has(episode.uuid));
}

/** Facts and endings of the graph that the batch may repeat, contradict or end. */
async function findStored(graph: GroupGraph, { pairs, facts }: FactLookups, { resolves }: Resolver) {
  const isNeeded = pairs.length + facts.length > 0;
  const lookup = isNeeded ? await findFactsToCompare(graph, pairs, resolves ? facts : []) : { facts: [], endings: [] };
  return { ...lookup, pairs: pairs.map(({ one, other }) => pairKey(one, other)) };
}

/** @param before what the graph had before anything was read */
async function commitBatch(
  graph: GroupGraph,
  lease: Pick<Lease, 'fence' | 'isHeld'>,
  before: Pick<CommitSnapshot, 'fence' | 'changeId'>,
  inputs: Omit<CommitInputs, 'fenced'>,
): Promise<void> {
  // A judgement may take long; the lease may have been lost meanwhile.
  if (!lease.isHeld()) throw leaseLost(graph);
  const { fence } = lease;
  const sagas = sagasOf(inputs.batch);
  if (!(await linkSagas(graph, { fence, seen: before.fence, now: inputs.now }, sagas))) throw leaseLost(graph);
  // Linking a saga is a separate write, after which the graph has this lease's fence.
  const predecessor = sagas.length > 0 ? { seen: fence } : { seen: before.fence, after: before.changeId };
  const changes = buildCommit({ ...inputs, fenced: { fence, ...predecessor } });
  if (!(await commit(graph, changes))) throw leaseLost(graph);
}

function leaseLost({ group }: GroupGraph): StaleFenceError {
  return new StaleFenceError(`Another worker has taken over the memory "${group}"; this episode is tried again.`);
}

/** The graph in which the episode was recorded was lost, as after a server lost its data. */
export function graphLost({ group }: { readonly group: string }): StaleFenceError {
  return new StaleFenceError(`The memory "${group}" was lost in the meantime; this episode is tried again.`);
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

/** Loads the rivals of touched claims with all facts of their pairs, since their intervals change too. */
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

function sagasOf(batch: readonly ExtractedEpisode[]) {
  return batch.flatMap(({ episode: { uuid, saga, referenceTime } }) =>
    saga ? [{ saga, episode: uuid, referenceTime }] : [],
  );
}

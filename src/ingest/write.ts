import type { GroupGraph } from '../graph/group-graph.ts';
import { commit } from '../graph/queries/commit.ts';
import { episodeTimes } from '../graph/queries/episode-times.ts';
import { factsBeside, findFacts, type StoredFact } from '../graph/queries/find-facts.ts';
import { linkSagas } from '../graph/queries/link-sagas.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { changesOf } from './changes.ts';
import { type Claims, openClaims, pairKey } from './claims.ts';
import { type Ending, readEnding } from './evidence.ts';
import type { Extracted } from './extract.ts';
import { judge } from './judge.ts';
import { endingsKey } from './names.ts';
import { reconcileFacts } from './reconcile-facts.ts';
import { guessEntities, type Resolution, resolveEntities } from './resolve-entities.ts';
import { settle } from './settle.ts';
import { inOrderOfTime, statementsOf, wantedOf } from './statements.ts';
import { newSummaries, summaryChanges } from './summaries.ts';

/**
 * Works out what the extracted episodes change and writes it in one step. The caller holds the group's lease.
 * @returns whether it was written, and whether some entity's summary has become too long to grow on
 */
export async function write(
  graph: GroupGraph,
  model: LanguageModel,
  fence: number,
  extracted: readonly Extracted[],
): Promise<{ isWritten: boolean; isLong: boolean }> {
  const now = new Date();
  const batch = inOrderOfTime(extracted);
  const guesses = await guessEntities(graph, batch, model.resolves);
  if (guesses.done.length > 0) {
    const rest = batch.filter(({ episode }) => !guesses.done.includes(episode.uuid));
    return rest.length > 0 ? write(graph, model, fence, rest) : { isWritten: true, isLong: false };
  }
  const statements = statementsOf(batch, guesses);
  const wanted = wantedOf(batch, guesses, statements);
  const found =
    wanted.pairs.length + wanted.facts.length > 0
      ? await findFacts(graph, wanted.pairs, model.resolves ? wanted.facts : [])
      : { facts: [], endings: [] };
  const claims = openClaims();
  await load(
    graph,
    claims,
    found.facts,
    wanted.pairs.map(({ one, other }) => pairKey(one, other)),
  );

  const judged = await judge(model, guesses, statements, claims, found.facts);
  const entities = resolveEntities(graph.group, guesses, judged.choices);
  const reconciled = reconcileFacts(batch, statements, claims, endingsOf(found.endings), entities, judged);
  await loadRivals(graph, claims);
  const settled = settle(claims, reconciled.endings, now);

  const summaries = await newSummaries(graph, summaryChanges(settled, now), freshOf(entities), now);

  const isLinked = await linkSagas(graph, { fence, seen: guesses.fence, now }, sagasOf(batch));
  if (!isLinked) return { isWritten: false, isLong: false };
  const seen = sagasOf(batch).length > 0 ? fence : guesses.fence;
  const isWritten = await commit(
    graph,
    changesOf({ batch, fence, seen, now, entities, reconciled, settled, summaries, use: judged.use }),
  );
  return { isWritten, isLong: summaries.some(({ isLong }) => isLong) };
}

function freshOf({ byKey }: Resolution): Set<string> {
  return new Set([...byKey.values()].filter(({ known }) => !known).map(({ uuid }) => uuid));
}

/** @param pairs by `pairKey`: these are all facts between their two entities */
export async function load(
  graph: GroupGraph,
  claims: Claims,
  facts: readonly StoredFact[],
  pairs: Iterable<string>,
): Promise<void> {
  // Only Python leaves facts of several episodes without evidence.
  const untold = facts.filter(({ supports, episodes }) => !supports && episodes.length > 1);
  const episodes = [...new Set(untold.flatMap((fact) => fact.episodes.slice(1)))];
  claims.load(facts, episodes.length > 0 ? await episodeTimes(graph, episodes) : new Map(), pairs);
}

/** Rivals of what was touched, and all that was said of their ends: their spans change with it. */
async function loadRivals(graph: GroupGraph, claims: Claims): Promise<void> {
  const touched = [...claims.all].filter((claim) => claim.touched);
  const missing = touched.flatMap(({ rivalUuids }) => [...rivalUuids].filter((uuid) => !claims.ofFact(uuid)));
  const partial = touched
    .flatMap(({ rivals }) => [...rivals])
    .filter((rival) => !claims.isWhole(rival))
    .flatMap(({ stored }) => stored.slice(0, 1).map(({ uuid }) => uuid));
  await loadBeside(graph, claims, [...missing, ...partial]);
}

/** Loads facts with all others between the same entities. */
export async function loadBeside(graph: GroupGraph, claims: Claims, uuids: readonly string[]): Promise<void> {
  if (uuids.length === 0) return;
  const facts = await factsBeside(graph, [...new Set(uuids)]);
  await load(
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

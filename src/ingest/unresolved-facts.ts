import { endingsKey } from '../graph/meta-keys.ts';
import type { FactLookup, PairLookup, StoredEntity } from '../graph/queries/commit-reads.ts';
import type { ExtractedFact } from '../models/language-model.ts';
import { pairKey } from './claims.ts';
import type { ExtractedEpisode } from './extract.ts';
import { canonicalKey } from './name-keys.ts';
import type { EntityGuess, EntityGuesses } from './resolve-entities.ts';

/** A fact that one episode states, with the entities that its two names may refer to. */
export interface UnresolvedFact {
  /** Place in the batch's list. */
  readonly place: number;
  readonly episode: ExtractedEpisode['episode'];
  readonly stated: ExtractedFact;
  readonly vector: readonly number[];
  readonly source: EntityGuess;
  readonly target: EntityGuess;
}

/** From this number of facts on, an entity's facts are searched only through the vector index. */
const BUSY = 200;

/** Distinct episodes by reference time, so that the result does not depend on the order of the batch. */
export function sortedByTime(batch: readonly ExtractedEpisode[]): ExtractedEpisode[] {
  const time = ({ episode }: ExtractedEpisode) => episode.referenceTime.getTime();
  const distinct = new Map(batch.map((extracted) => [extracted.episode.uuid, extracted]));
  return [...distinct.values()].sort((a, b) => time(a) - time(b) || (a.episode.uuid < b.episode.uuid ? -1 : 1));
}

export function unresolvedFactsIn(batch: readonly ExtractedEpisode[], guesses: EntityGuesses): UnresolvedFact[] {
  const unresolvedFacts: UnresolvedFact[] = [];
  for (const { episode, extraction, vectors } of batch)
    for (const stated of extraction.facts) {
      const [source, target] = [guesses.get(canonicalKey(stated.source)), guesses.get(canonicalKey(stated.target))];
      if (!source || !target) continue;
      const vector = vectors.get(stated.fact) ?? [];
      unresolvedFacts.push({ place: unresolvedFacts.length, episode, stated, vector, source, target });
    }
  return unresolvedFacts;
}

/** The known entities that a name may mean, also through other names of the batch. */
export function possibleEntities(guess: EntityGuess): StoredEntity[] {
  const names = new Set([guess]);
  const entities = new Map<string, StoredEntity>();
  for (const { known, same, candidates, alike } of names) {
    for (const entity of known ? [known] : same ? [] : candidates) entities.set(entity.uuid, entity);
    for (const name of known ? [] : same ? [same] : alike) names.add(name);
  }
  return [...entities.values()];
}

export interface FactLookups {
  /** Pairs of known entities that the batch relates. */
  readonly pairs: readonly PairLookup[];
  /** Stated facts about any known entity. */
  readonly facts: readonly FactLookup[];
}

export function factLookups(
  batch: readonly ExtractedEpisode[],
  guesses: EntityGuesses,
  unresolvedFacts: readonly UnresolvedFact[],
): FactLookups {
  const pairs = new Map<string, PairLookup>();
  const addPairs = (source: EntityGuess, target: EntityGuess) => {
    for (const { uuid: one } of possibleEntities(source))
      for (const { uuid: other } of possibleEntities(target)) {
        const key = pairKey(one, other);
        if (one !== other) pairs.set(key, { one, other, key: endingsKey(key) });
      }
  };
  for (const { source, target } of unresolvedFacts) addPairs(source, target);
  for (const { extraction } of batch)
    for (const ended of extraction.ended) {
      const [source, target] = [guesses.get(canonicalKey(ended.source)), guesses.get(canonicalKey(ended.target))];
      if (source && target) addPairs(source, target);
    }
  return { pairs: [...pairs.values()], facts: unresolvedFacts.flatMap(factLookup) };
}

function factLookup({ place, stated, vector, source, target }: UnresolvedFact): FactLookup[] {
  const ends = [...possibleEntities(source), ...possibleEntities(target)];
  if (ends.every(({ degree }) => degree === 0)) return [];
  const uuids = (entities: typeof ends) => [...new Set(entities.map(({ uuid }) => uuid))];
  return [
    {
      place,
      sources: uuids(possibleEntities(source)),
      calm: uuids(ends.filter(({ degree }) => degree > 0 && degree < BUSY)),
      busy: uuids(ends.filter(({ degree }) => degree >= BUSY)),
      relation: stated.relation,
      vector,
    },
  ];
}

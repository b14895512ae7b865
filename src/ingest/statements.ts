import type { StoredEntity } from '../graph/queries/begin-commit.ts';
import type { WantedFact, WantedPair } from '../graph/queries/find-facts.ts';
import type { ExtractedFact } from '../models/language-model.ts';
import { pairKey } from './claims.ts';
import type { Extracted } from './extract.ts';
import { endingsKey, sameKey } from './names.ts';
import type { Guess, Guesses } from './resolve-entities.ts';

/** What one episode says of two things. */
export interface Statement {
  /** Place in the batch's list. */
  readonly place: number;
  readonly episode: Extracted['episode'];
  readonly stated: ExtractedFact;
  readonly vector: readonly number[];
  readonly source: Guess;
  readonly target: Guess;
}

/** From so many facts on only the vector index can go through an entity's facts. */
const BUSY = 200;

/** Each once and in the order of what happened, so that a batch comes out the same however it was put together. */
export function inOrderOfTime(batch: readonly Extracted[]): Extracted[] {
  const time = ({ episode }: Extracted) => episode.referenceTime.getTime();
  const distinct = new Map(batch.map((it) => [it.episode.uuid, it]));
  return [...distinct.values()].sort((a, b) => time(a) - time(b) || (a.episode.uuid < b.episode.uuid ? -1 : 1));
}

export function statementsOf(batch: readonly Extracted[], { byKey }: Guesses): Statement[] {
  const statements: Statement[] = [];
  for (const { episode, extraction, vectors } of batch)
    for (const stated of extraction.facts) {
      const [source, target] = [byKey.get(sameKey(stated.source)), byKey.get(sameKey(stated.target))];
      if (!source || !target) continue;
      const vector = vectors.get(stated.fact) ?? [];
      statements.push({ place: statements.length, episode, stated, vector, source, target });
    }
  return statements;
}

/** The known entities that a name may mean, also by way of other names of the batch. */
export function possible(guess: Guess): StoredEntity[] {
  const names = new Set([guess]);
  const entities = new Map<string, StoredEntity>();
  for (const { known, same, candidates, alike } of names) {
    for (const entity of known ? [known] : same ? [] : candidates) entities.set(entity.uuid, entity);
    for (const name of known ? [] : same ? [same] : alike) names.add(name);
  }
  return [...entities.values()];
}

/** The pairs of known entities that the batch says something of, and what it states about any of them. */
export function wantedOf(
  batch: readonly Extracted[],
  guesses: Guesses,
  statements: readonly Statement[],
): { pairs: WantedPair[]; facts: WantedFact[] } {
  const pairs = new Map<string, WantedPair>();
  const addPairs = (source: Guess, target: Guess) => {
    for (const { uuid: one } of possible(source))
      for (const { uuid: other } of possible(target)) {
        const key = pairKey(one, other);
        if (one !== other) pairs.set(key, { one, other, key: endingsKey(key) });
      }
  };
  for (const { source, target } of statements) addPairs(source, target);
  for (const { extraction } of batch)
    for (const ended of extraction.ended) {
      const [source, target] = [guesses.byKey.get(sameKey(ended.source)), guesses.byKey.get(sameKey(ended.target))];
      if (source && target) addPairs(source, target);
    }
  return { pairs: [...pairs.values()], facts: statements.flatMap(wanted) };
}

function wanted({ place, stated, vector, source, target }: Statement): WantedFact[] {
  const ends = [...possible(source), ...possible(target)];
  if (ends.every(({ degree }) => degree === 0)) return [];
  const uuids = (some: typeof ends) => [...new Set(some.map(({ uuid }) => uuid))];
  return [
    {
      place,
      sources: uuids(possible(source)),
      calm: uuids(ends.filter(({ degree }) => degree > 0 && degree < BUSY)),
      busy: uuids(ends.filter(({ degree }) => degree >= BUSY)),
      relation: stated.relation,
      vector,
    },
  ];
}

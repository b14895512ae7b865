import type { GroupGraph } from '../graph/group-graph.ts';
import type { ChangedFact, NewFact } from '../graph/queries/commit.ts';
import { findFacts, type Pair } from '../graph/queries/find-facts.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import type { Extracted } from './extract.ts';
import { derivedUuid, sameKey } from './names.ts';
import type { Resolution } from './resolve-entities.ts';

export type UnembeddedFact = Omit<NewFact, 'embedding'>;

export interface Reconciled {
  readonly created: readonly UnembeddedFact[];
  readonly changed: readonly ChangedFact[];
  /** For each episode the uuids of the facts that it states or ends. */
  readonly touchedBy: ReadonlyMap<string, readonly string[]>;
}

interface Fact {
  readonly uuid: string;
  readonly source: string;
  readonly target: string;
  readonly fact: string;
  readonly isNew: boolean;
  episodes: string[];
  validAt: Date | null;
  invalidAt: Date | null;
  expiredAt: Date | null;
  relation: string;
  referenceTime: Date;
  changed: boolean;
}

/**
 * Sets the batch's facts beside those of the graph. A fact stated again, with the same ends and words while it holds, gains
 * an episode and never a twin; a statement that something holds no more ends the facts that it is about.
 */
export async function reconcileFacts(
  graph: GroupGraph,
  batch: readonly Extracted[],
  entities: Resolution,
  now: Date,
): Promise<Reconciled> {
  const uuidOf = (name: string) => entities.byName.get(sameKey(name))?.uuid ?? '';
  const facts = await knownFacts(graph, pairsOf(batch, uuidOf));
  const touched = new Map<string, Set<string>>(batch.map(({ episode }) => [episode.uuid, new Set()]));

  for (const { episode, extraction } of inOrderOfTime(batch)) {
    for (const { fact, relation, ...stated } of extraction.facts) {
      const [source, target] = [uuidOf(stated.source), uuidOf(stated.target)];
      if (source === target) continue;
      const validAt = stated.validAt ?? episode.referenceTime;
      const known = facts.find((it) => isSame(it, source, target, fact, validAt));
      if (known) {
        supportBy(known, episode.uuid, validAt);
        touched.get(episode.uuid)?.add(known.uuid);
        continue;
      }
      const uuid = derivedUuid('fact', episode.uuid, source, target, sameKey(fact));
      const times = { validAt, invalidAt: stated.invalidAt, expiredAt: stated.invalidAt && now };
      const text = { fact, relation, referenceTime: episode.referenceTime };
      facts.push({ uuid, source, target, ...text, ...times, episodes: [episode.uuid], isNew: true, changed: false });
      touched.get(episode.uuid)?.add(uuid);
    }
    for (const { source, target, at } of extraction.ended)
      for (const fact of facts)
        if (isBetween(fact, uuidOf(source), uuidOf(target)) && endAt(fact, at, episode.uuid, now))
          touched.get(episode.uuid)?.add(fact.uuid);
  }
  return {
    created: facts.filter(({ isNew }) => isNew).map(toNew),
    changed: facts.filter(({ isNew, changed }) => !isNew && changed).map(toChanged),
    touchedBy: new Map([...touched].map(([episode, uuids]) => [episode, [...uuids]])),
  };
}

// In the order of what happened, so that a batch comes out the same however it was put together.
function inOrderOfTime(batch: readonly Extracted[]): Extracted[] {
  const time = ({ episode }: Extracted) => episode.referenceTime.getTime();
  return [...batch].sort((a, b) => time(a) - time(b) || a.episode.uuid.localeCompare(b.episode.uuid));
}

function pairsOf(batch: readonly Extracted[], uuidOf: (name: string) => string): Pair[] {
  const pairs = new Map<string, Pair>();
  const add = (source: string, target: string) => pairs.set(`${source} ${target}`, { source, target });
  for (const { extraction } of batch) {
    for (const { source, target } of extraction.facts) add(uuidOf(source), uuidOf(target));
    for (const { source, target } of extraction.ended) {
      add(uuidOf(source), uuidOf(target));
      add(uuidOf(target), uuidOf(source));
    }
  }
  return [...pairs.values()];
}

async function knownFacts(graph: GroupGraph, pairs: readonly Pair[]): Promise<Fact[]> {
  const stored = await findFacts(graph, pairs);
  return stored.map(({ validAt, invalidAt, expiredAt, episodes, ...fact }) => ({
    ...fact,
    episodes: [...episodes],
    validAt: fromGraphTime(validAt),
    invalidAt: fromGraphTime(invalidAt),
    expiredAt: fromGraphTime(expiredAt),
    relation: '',
    referenceTime: new Date(0),
    isNew: false,
    changed: false,
  }));
}

function isSame(known: Fact, source: string, target: string, fact: string, validAt: Date): boolean {
  return (
    known.source === source &&
    known.target === target &&
    sameKey(known.fact) === sameKey(fact) &&
    (known.invalidAt === null || known.invalidAt > validAt)
  );
}

function supportBy(known: Fact, episode: string, validAt: Date): void {
  if (!known.episodes.includes(episode)) {
    known.episodes.push(episode);
    known.changed = true;
  }
  if (known.validAt && validAt < known.validAt) {
    known.validAt = validAt;
    known.changed = true;
  }
}

function isBetween(fact: Fact, one: string, other: string): boolean {
  return (fact.source === one && fact.target === other) || (fact.source === other && fact.target === one);
}

/** Ends a fact that held before `at`. The statement's own sentence, which begins then, is not touched. */
function endAt(fact: Fact, at: Date, episode: string, now: Date): boolean {
  const began = fact.validAt ?? new Date(0);
  if (fact.episodes.includes(episode) || began >= at || (fact.invalidAt && fact.invalidAt <= at)) return false;
  fact.invalidAt = at;
  fact.expiredAt ??= now;
  fact.changed = true;
  return true;
}

const orNull = (date: Date | null) => date && toGraphTime(date);

function toNew({ isNew: _, changed: __, ...fact }: Fact): UnembeddedFact {
  return {
    ...fact,
    validAt: toGraphTime(fact.validAt ?? fact.referenceTime),
    invalidAt: orNull(fact.invalidAt),
    expiredAt: orNull(fact.expiredAt),
    referenceTime: toGraphTime(fact.referenceTime),
  };
}

function toChanged({ uuid, source, target, episodes, validAt, invalidAt, expiredAt }: Fact): ChangedFact {
  return {
    uuid,
    source,
    target,
    episodes,
    validAt: orNull(validAt),
    invalidAt: orNull(invalidAt),
    expiredAt: orNull(expiredAt),
  };
}

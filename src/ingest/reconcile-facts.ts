import type { GroupGraph } from '../graph/group-graph.ts';
import type { ChangedFact } from '../graph/queries/commit.ts';
import { findFacts, type Pair } from '../graph/queries/find-facts.ts';
import type { ExtractedFact } from '../models/language-model.ts';
import type { Extracted } from './extract.ts';
import { derivedUuid, sameKey } from './names.ts';
import type { Resolution } from './resolve-entities.ts';
import { fromStored, type StandingFact, toChanges, toNew, type UnembeddedFact } from './standing-fact.ts';

export interface Reconciled {
  readonly created: readonly UnembeddedFact[];
  readonly changed: readonly ChangedFact[];
  /** For each episode the uuids of the facts that it states or ends. */
  readonly touchedBy: ReadonlyMap<string, readonly string[]>;
}

const EVER = new Date(0);

type Times = Pick<ExtractedFact, 'validAt' | 'invalidAt'>;
type UuidOf = (name: string) => string;

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
  const uuidOf: UuidOf = (name) => entities.byName.get(sameKey(name))?.uuid ?? '';
  const facts = (await findFacts(graph, pairsOf(batch, uuidOf))).map(fromStored);
  const touchedBy = new Map<string, string[]>();
  for (const extracted of inOrderOfTime(batch)) {
    const touched = [...state(extracted, facts, uuidOf, now), ...endRelations(extracted, facts, uuidOf, now)];
    touchedBy.set(extracted.episode.uuid, [...new Set(touched)]);
  }
  return { created: toNew(facts), changed: toChanges(facts), touchedBy };
}

// In the order of what happened, so that a batch comes out the same however it was put together.
function inOrderOfTime(batch: readonly Extracted[]): Extracted[] {
  const time = ({ episode }: Extracted) => episode.referenceTime.getTime();
  return [...batch].sort((a, b) => time(a) - time(b) || (a.episode.uuid < b.episode.uuid ? -1 : 1));
}

function pairsOf(batch: readonly Extracted[], uuidOf: UuidOf): Pair[] {
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

/** Adds what an episode states and gives the uuids of those facts. */
function state({ episode, extraction }: Extracted, facts: StandingFact[], uuidOf: UuidOf, now: Date): string[] {
  const touched: string[] = [];
  for (const { fact, relation, ...stated } of extraction.facts) {
    const [source, target] = [uuidOf(stated.source), uuidOf(stated.target)];
    if (source === target) continue;
    const validAt = beginOf(stated, episode.referenceTime);
    const known = facts.find((it) => isSame(it, source, target, fact, validAt));
    if (known) support(known, episode.uuid, validAt, stated.invalidAt, now);
    const uuid =
      known?.uuid ?? derivedUuid('fact', episode.uuid, source, target, sameKey(fact), String(validAt?.getTime()));
    touched.push(uuid);
    if (known) continue;
    const created = { relation, referenceTime: episode.referenceTime };
    const times = { validAt, invalidAt: stated.invalidAt, expiredAt: stated.invalidAt && now };
    facts.push({ uuid, source, target, fact, created, ...times, episodes: [episode.uuid], changed: false });
  }
  return touched;
}

/** What is told without a beginning holds since the episode, unless it had ended by then: since when is not known. */
function beginOf({ validAt, invalidAt }: Times, referenceTime: Date): Date | null {
  if (validAt) return validAt;
  return invalidAt && invalidAt <= referenceTime ? null : referenceTime;
}

function isSame(known: StandingFact, source: string, target: string, fact: string, validAt: Date | null): boolean {
  return (
    known.source === source &&
    known.target === target &&
    sameKey(known.fact) === sameKey(fact) &&
    (known.invalidAt === null || known.invalidAt > (validAt ?? EVER))
  );
}

/** One more episode says it, perhaps that it began earlier or that it has ended. */
function support(known: StandingFact, episode: string, validAt: Date | null, invalidAt: Date | null, now: Date): void {
  if (invalidAt) endAt(known, invalidAt, now);
  if (!known.episodes.includes(episode)) {
    known.episodes.push(episode);
    known.changed = true;
  }
  if (known.validAt && validAt && validAt < known.validAt) {
    known.validAt = validAt;
    known.changed = true;
  }
}

/** Ends what an episode says holds no more and gives the uuids of those facts. */
function endRelations({ episode, extraction }: Extracted, facts: readonly StandingFact[], uuidOf: UuidOf, now: Date) {
  return extraction.ended.flatMap(({ source, target, at }) =>
    facts
      .filter((fact) => isBetween(fact, uuidOf(source), uuidOf(target)) && !fact.episodes.includes(episode.uuid))
      .filter((fact) => endAt(fact, at, now))
      .map(({ uuid }) => uuid),
  );
}

function isBetween(fact: StandingFact, one: string, other: string): boolean {
  return (fact.source === one && fact.target === other) || (fact.source === other && fact.target === one);
}

/** False when the fact began later or had ended before. */
function endAt(fact: StandingFact, at: Date, now: Date): boolean {
  if ((fact.validAt ?? EVER) >= at || (fact.invalidAt && fact.invalidAt <= at)) return false;
  fact.invalidAt = at;
  fact.expiredAt ??= now;
  fact.changed = true;
  return true;
}

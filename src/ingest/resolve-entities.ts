import { derivedUuid } from '../derived-uuid.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { beginCommit, findEntitiesLike, type LikeEntity, type StoredEntity } from '../graph/queries/begin-commit.ts';
import type { ExtractedEntity } from '../models/language-model.ts';
import type { AttributeValue } from '../ontology.ts';
import type { Extracted } from './extract.ts';
import {
  aliasKey,
  findNearDuplicate,
  fuzzyKey,
  isDistinctive,
  jaccard,
  ALIKE as SAME,
  sameKey,
  shingles,
  similarity,
  spellings,
} from './names.ts';

/** A name in the batch, with the type and attributes that its episodes give. */
export interface NamedThing {
  readonly key: string;
  readonly name: string;
  type: string;
  attributes: Record<string, AttributeValue>;
  readonly episodes: Set<string>;
}

/** What a name may mean before the model is asked: one known or new entity, or one of several. */
export interface Guess {
  readonly thing: NamedThing;
  /** The known entity, if it is certain. */
  known: StoredEntity | null;
  /** Another name of the batch that certainly means the same. */
  same: Guess | null;
  /** Used when no candidate is chosen: the first of several entities with exactly this name. */
  readonly fallback: StoredEntity | null;
  /** Known entities that it may mean; empty once it is decided. */
  candidates: readonly StoredEntity[];
  /** New names of the batch, from other episodes, that may be the same; the most alike first. */
  readonly alike: Guess[];
}

export interface Guesses {
  /** The fence that the graph had before anything was read. */
  readonly fence: number;
  /** uuids of episodes of the batch that were committed or removed from the group meanwhile. */
  readonly done: readonly string[];
  /** uuids of those that the graph has lost since they were recorded. */
  readonly lost: readonly string[];
  /** By `sameKey` of the name. */
  readonly byKey: ReadonlyMap<string, Guess>;
}

/** Cosine from which on two names may mean the same thing. */
const NEAR = 0.5;
/** Share of common shingles from which on two new names may be the same. */
const ALIKE = 0.3;
const MAX_CANDIDATES = 5;

/**
 * Finds what every name of the batch may mean. The same name except for case and spaces, or a stored alias, is the same entity; so
 * is a longer name that differs in punctuation or a letter (graphiti_core's heuristics). Names with common words or a similar
 * meaning stay undecided.
 * @param hasJudge false when no model decides open names: then only exact names are looked up
 */
export async function guessEntities(
  graph: GroupGraph,
  batch: readonly Extracted[],
  hasJudge: boolean,
): Promise<Guesses> {
  const things = [...namedIn(batch).values()];
  const lookups = things.flatMap(({ key, name }, place) => [
    { place, name, uuid: newUuid(graph.group, name), alias: aliasKey(key) },
    ...spellings(name)
      .filter((it) => it.name !== name || it.key !== key)
      .map((it) => ({
        ...{ place, name: it.name, uuid: derivedUuid('entity', graph.group, it.key), alias: aliasKey(it.key) },
      })),
  ]);
  const episodes = batch.map(({ episode }) => episode.uuid);
  const { entities, ...begun } = await beginCommit(graph, episodes, lookups);
  const guesses = things.map((thing, place): Guess => {
    const named = entities.filter((entity) => entity.place === place);
    const exact = distinct(named.filter(({ how }) => how === 'name'));
    const known = exact.length > 0 ? exact : distinct(named);
    const isOpen = known.length > 1 && hasJudge;
    const first = known[0] ?? null;
    return {
      thing,
      known: isOpen ? null : first,
      same: null,
      fallback: first,
      candidates: isOpen ? known : [],
      alike: [],
    };
  });
  const unknown = guesses.filter(({ known, candidates }) => !known && candidates.length === 0);
  if (hasJudge && unknown.length > 0) await findSimilar(graph, unknown, batch);
  return { ...begun, byKey: new Map(guesses.map((guess) => [guess.thing.key, guess])) };
}

async function findSimilar(graph: GroupGraph, unknown: readonly Guess[], batch: readonly Extracted[]): Promise<void> {
  const vectors = new Map(batch.flatMap((it) => [...it.vectors]));
  const names = unknown.map(({ thing: { name } }) => ({ name, vector: vectors.get(name) ?? [] }));
  const similar = await findEntitiesLike(graph, names);
  const before: { other: Guess; letters: ReadonlySet<string> }[] = [];
  for (const [place, guess] of unknown.entries()) {
    const { name } = guess.thing;
    const letters = shingles(fuzzyKey(name));
    const found = similar.filter((entity) => entity.place === place && isSimilar(name, entity));
    guess.known = findNearDuplicate(name, distinct(found));
    if (!guess.known) {
      guess.candidates = distinct(found)
        .sort((a, b) => similarity(name, b.name) - similarity(name, a.name))
        .slice(0, MAX_CANDIDATES);
      const others = before
        .filter(({ other }) => isFromOtherEpisode(guess.thing, other.thing))
        .map((it) => ({ other: it.other, share: jaccard(letters, it.letters) }))
        .filter(({ share }) => share >= ALIKE)
        .sort((a, b) => b.share - a.share);
      if (isDistinctive(fuzzyKey(name))) guess.same = others.find(({ share }) => share >= SAME)?.other ?? null;
      if (!guess.same) guess.alike.push(...others.slice(0, MAX_CANDIDATES).map(({ other }) => other));
    }
    before.push({ other: guess, letters });
  }
}

/** Common words are weak evidence, so the letters must be similar too. */
function isSimilar(name: string, entity: LikeEntity): boolean {
  return entity.near === null ? similarity(name, entity.name) >= ALIKE : entity.near >= NEAR;
}

/** Two names in one episode mean two entities. */
function isFromOtherEpisode(one: NamedThing, other: NamedThing): boolean {
  return ![...one.episodes].some((episode) => other.episodes.has(episode));
}

function namedIn(batch: readonly Extracted[]): Map<string, NamedThing> {
  const things = new Map<string, NamedThing>();
  for (const { extraction, episode } of batch)
    for (const entity of extraction.entities) {
      const key = sameKey(entity.name);
      const thing = things.get(key) ?? { key, name: entity.name, type: 'Entity', attributes: {}, episodes: new Set() };
      things.set(key, thing);
      mergeEntity(thing, entity);
      thing.episodes.add(episode.uuid);
    }
  return things;
}

function mergeEntity(thing: NamedThing, { type, attributes }: ExtractedEntity): void {
  if (thing.type === 'Entity') thing.type = type;
  if (type === thing.type) Object.assign(thing.attributes, attributes);
}

/** Python may have left two entities of one name; sorting makes the choice stable. */
function distinct<T extends StoredEntity>(entities: readonly T[]): T[] {
  return [...new Map(entities.map((entity) => [entity.uuid, entity])).values()].sort((a, b) =>
    a.uuid < b.uuid ? -1 : 1,
  );
}

/** The uuid of a new entity with this name. */
const newUuid = (group: string, name: string): string => derivedUuid('entity', group, sameKey(name));

/** An entity after the commit. */
export interface ResolvedEntity {
  readonly uuid: string;
  readonly name: string;
  /** The most specific label; `Entity` where nothing more is known. */
  readonly type: string;
  readonly known: StoredEntity | null;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface Resolution {
  /** The entity behind each name of the batch, by `sameKey`. */
  readonly byKey: ReadonlyMap<string, ResolvedEntity>;
  /** Other names of entities. */
  readonly aliases: readonly { readonly key: string; readonly alias: string; readonly entity: string }[];
}

/**
 * Decides what each name means.
 * @param choices the model's choice for undecided names: a known entity or another name's guess; none for a new entity
 */
export function resolveEntities(
  group: string,
  { byKey }: Guesses,
  choices: ReadonlyMap<Guess, StoredEntity | Guess>,
): Resolution {
  const byUuid = new Map<string, { uuid: string; name: string; known: StoredEntity | null; things: NamedThing[] }>();
  const uuidOf = new Map<string, string>();
  for (const guess of byKey.values()) {
    const { thing } = guess;
    const end = resolveGuess(guess, choices);
    const known = 'thing' in end ? null : end;
    const { name } = 'thing' in end ? end.thing : end;
    const uuid = known?.uuid ?? newUuid(group, name);
    const entity = byUuid.get(uuid) ?? { uuid, name, known, things: [] };
    entity.things.push(thing);
    byUuid.set(uuid, entity);
    uuidOf.set(thing.key, uuid);
  }
  const entities = new Map(
    [...byUuid].map(([uuid, entity]) => [uuid, { ...entity, ...typeAndAttributes(entity.known, entity.things) }]),
  );
  return {
    byKey: new Map([...uuidOf].map(([key, uuid]) => [key, entities.get(uuid) as ResolvedEntity])),
    aliases: [...byUuid.values()].flatMap(({ uuid, name, things }) =>
      things
        .filter(({ key }) => key !== sameKey(name))
        .map((thing) => ({ key: aliasKey(thing.key), alias: thing.name, entity: uuid })),
    ),
  };
}

/** Follows `same` and the choices to a known entity, or to the guess that names a new one. */
function resolveGuess(guess: Guess, choices: ReadonlyMap<Guess, StoredEntity | Guess>): StoredEntity | Guess {
  const seen = new Set<Guess>();
  for (let at: StoredEntity | Guess = guess; ; ) {
    if (!('thing' in at)) return at;
    const next: StoredEntity | Guess | null = at.known ?? at.same ?? choices.get(at) ?? at.fallback;
    if (!next || seen.has(at)) return at;
    seen.add(at);
    at = next;
  }
}

/** A known entity keeps its type; one without takes the first that is given. Attributes count when they are of that type. */
function typeAndAttributes(known: StoredEntity | null, things: readonly NamedThing[]) {
  const knownType = known?.labels.find((label) => label !== 'Entity');
  const type = knownType ?? things.find((thing) => thing.type !== 'Entity')?.type ?? 'Entity';
  const attributes = Object.assign(
    {},
    ...things.filter((thing) => thing.type === type).map((thing) => thing.attributes),
  );
  return { type, attributes: attributes as Record<string, AttributeValue> };
}

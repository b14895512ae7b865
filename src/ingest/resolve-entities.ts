import { derivedUuid } from '../derived-uuid.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { aliasKey } from '../graph/meta-keys.ts';
import {
  type EntityCandidate,
  findEntityCandidates,
  type NamedEntity,
  type NameLookup,
  type StoredEntity,
} from '../graph/queries/commit-reads.ts';
import type { ExtractedEntity } from '../models/language-model.ts';
import type { AttributeValue } from '../ontology.ts';
import type { ExtractedEpisode } from './extract.ts';
import {
  canonicalKey,
  findNearDuplicate,
  fuzzyKey,
  isDistinctive,
  jaccard,
  SAME_NAME_SIMILARITY,
  shingles,
  similarity,
  unicodeForms,
} from './name-keys.ts';

/** A name in the batch, with the type and attributes that its episodes give. */
export interface NewName {
  readonly key: string;
  readonly name: string;
  type: string;
  attributes: Record<string, AttributeValue>;
  readonly episodes: Set<string>;
}

/**
 * What a name may mean before the model is asked. It is one of these:
 *
 * known      a stored entity for certain: `known`
 * same       another new name of the batch for certain: `same`
 * undecided  one of `candidates` or `alike`, chosen by the model; if it chooses none, `fallback` or else a new entity
 * new        a new entity: nothing is set
 */
export interface EntityGuess {
  readonly newName: NewName;
  readonly known: StoredEntity | null;
  readonly same: EntityGuess | null;
  /** Stored entities: several with exactly this name, or those with similar names, the most similar first. */
  readonly candidates: readonly StoredEntity[];
  /** New names from other episodes, the most similar first. */
  readonly alike: readonly EntityGuess[];
  /** The first of several stored entities with exactly this name. */
  readonly fallback: StoredEntity | null;
}

const NEW = { known: null, same: null, candidates: [], alike: [], fallback: null };

/** One thing that a name may mean: a stored entity, or the same as another name of the batch. */
export type MeaningCandidate =
  | { readonly kind: 'entity'; readonly entity: StoredEntity }
  | { readonly kind: 'name'; readonly guess: EntityGuess };

/** What the model may choose for a name; nothing for a name that is decided. */
export function meaningCandidates({ candidates, alike }: EntityGuess): MeaningCandidate[] {
  return [
    ...candidates.map((entity): MeaningCandidate => ({ kind: 'entity', entity })),
    ...alike.map((guess): MeaningCandidate => ({ kind: 'name', guess })),
  ];
}

/** By `canonicalKey` of the name. */
export type EntityGuesses = ReadonlyMap<string, EntityGuess>;

/** Cosine from which on two names may mean the same thing. */
const SIMILAR_MEANING = 0.5;
/** Share of common shingles from which on two names may mean the same thing. */
const SIMILAR_LETTERS = 0.3;
const MAX_CANDIDATES = 5;

/** Every spelling of the names, to look up stored entities. */
export function nameLookups(group: string, names: readonly NewName[]): NameLookup[] {
  return names.flatMap(({ key, name }, place) => [
    { place, name, uuid: newUuid(group, name), alias: aliasKey(key) },
    ...unicodeForms(name)
      .filter((form) => form.name !== name || form.key !== key)
      .map((form) => ({
        place,
        name: form.name,
        uuid: derivedUuid('entity', group, form.key),
        alias: aliasKey(form.key),
      })),
  ]);
}

/**
 * Finds what every name of the batch may mean. The same name except for case and spaces, or a stored alias, is the same entity; so
 * is a longer name that differs in punctuation or a letter (graphiti_core's heuristics). Names with common words or a similar
 * meaning stay undecided.
 * @param entities stored entities with one of the names or aliases, from `readCommitSnapshot`
 * @param hasResolver false when no model decides open names: then only exact names are looked up
 */
export async function guessEntities(
  graph: GroupGraph,
  batch: readonly ExtractedEpisode[],
  names: readonly NewName[],
  entities: readonly NamedEntity[],
  hasResolver: boolean,
): Promise<EntityGuesses> {
  const byName = names.map((newName, place) => {
    const named = entities.filter((entity) => entity.place === place);
    const exact = distinct(named.filter(({ how }) => how === 'name'));
    return guessByName(newName, exact.length > 0 ? exact : distinct(named), hasResolver);
  });
  const unknown = byName
    .filter(({ known, candidates }) => !known && candidates.length === 0)
    .map(({ newName }) => newName);
  const similar = hasResolver && unknown.length > 0 ? await guessBySimilarity(graph, unknown, batch) : [];
  return new Map([...byName, ...similar].map((guess) => [guess.newName.key, guess]));
}

/** @param matches stored entities with exactly this name or alias */
function guessByName(newName: NewName, matches: readonly StoredEntity[], hasResolver: boolean): EntityGuess {
  const [first = null] = matches;
  return matches.length > 1 && hasResolver
    ? { ...NEW, newName, candidates: matches, fallback: first }
    : { ...NEW, newName, known: first };
}

/** A guess, and the shingles of its name. */
interface ShingledGuess {
  readonly guess: EntityGuess;
  readonly letters: ReadonlySet<string>;
}

/** Guesses for names that no stored entity has exactly. */
async function guessBySimilarity(
  graph: GroupGraph,
  names: readonly NewName[],
  batch: readonly ExtractedEpisode[],
): Promise<EntityGuess[]> {
  const vectors = new Map(batch.flatMap((extracted) => [...extracted.vectors]));
  const similar = await findEntityCandidates(
    graph,
    names.map(({ name }) => ({ name, vector: vectors.get(name) ?? [] })),
  );
  const earlier: ShingledGuess[] = [];
  for (const [place, newName] of names.entries()) {
    const entities = distinct(similar.filter((entity) => entity.place === place && isSimilar(newName.name, entity)));
    const letters = shingles(fuzzyKey(newName.name));
    earlier.push({ guess: guessAmong(entities, earlier, newName, letters), letters });
  }
  return earlier.map(({ guess }) => guess);
}

/**
 * @param entities stored entities with a similar name
 * @param earlier  the batch's names before this one that no stored entity has exactly
 */
function guessAmong(
  entities: readonly StoredEntity[],
  earlier: readonly ShingledGuess[],
  newName: NewName,
  letters: ReadonlySet<string>,
): EntityGuess {
  const { name } = newName;
  const known = findNearDuplicate(name, entities);
  if (known) return { ...NEW, newName, known };
  const names = earlier
    .filter(({ guess }) => isFromOtherEpisode(newName, guess.newName))
    .map((other) => ({ guess: other.guess, share: jaccard(letters, other.letters) }))
    .filter(({ share }) => share >= SIMILAR_LETTERS)
    .sort((a, b) => b.share - a.share);
  const same = isDistinctive(fuzzyKey(name)) ? names.find(({ share }) => share >= SAME_NAME_SIMILARITY) : undefined;
  if (same) return { ...NEW, newName, same: same.guess };
  const candidates = [...entities]
    .sort((a, b) => similarity(name, b.name) - similarity(name, a.name))
    .slice(0, MAX_CANDIDATES);
  return { ...NEW, newName, candidates, alike: names.slice(0, MAX_CANDIDATES).map(({ guess }) => guess) };
}

/** Common words are weak evidence, so the letters must be similar too. */
function isSimilar(name: string, entity: EntityCandidate): boolean {
  return entity.near === null ? similarity(name, entity.name) >= SIMILAR_LETTERS : entity.near >= SIMILAR_MEANING;
}

/** Two names in one episode mean two entities. */
function isFromOtherEpisode(one: NewName, other: NewName): boolean {
  return ![...one.episodes].some((episode) => other.episodes.has(episode));
}

/** The distinct names of the batch. */
export function namesIn(batch: readonly ExtractedEpisode[]): NewName[] {
  const names = new Map<string, NewName>();
  for (const { extraction, episode } of batch)
    for (const entity of extraction.entities) {
      const key = canonicalKey(entity.name);
      const newName = names.get(key) ?? { key, name: entity.name, type: 'Entity', attributes: {}, episodes: new Set() };
      names.set(key, newName);
      mergeEntity(newName, entity);
      newName.episodes.add(episode.uuid);
    }
  return [...names.values()];
}

function mergeEntity(newName: NewName, { type, attributes }: ExtractedEntity): void {
  if (newName.type === 'Entity') newName.type = type;
  if (type === newName.type) Object.assign(newName.attributes, attributes);
}

/** Python may have left two entities of one name; sorting makes the choice stable. */
function distinct<T extends StoredEntity>(entities: readonly T[]): T[] {
  return [...new Map(entities.map((entity) => [entity.uuid, entity])).values()].sort((a, b) =>
    a.uuid < b.uuid ? -1 : 1,
  );
}

/** The uuid of a new entity with this name. */
const newUuid = (group: string, name: string): string => derivedUuid('entity', group, canonicalKey(name));

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
  /** The entity behind each name of the batch, by `canonicalKey`. */
  readonly byKey: ReadonlyMap<string, ResolvedEntity>;
  /** Other names of entities. */
  readonly aliases: readonly { readonly key: string; readonly alias: string; readonly entity: string }[];
}

/**
 * Decides what each name means.
 * @param choices the model's choice for undecided names; none for a new entity
 */
export function resolveEntities(
  group: string,
  guesses: EntityGuesses,
  choices: ReadonlyMap<EntityGuess, MeaningCandidate>,
): Resolution {
  const byUuid = new Map<string, { uuid: string; name: string; known: StoredEntity | null; names: NewName[] }>();
  const uuidOf = new Map<string, string>();
  for (const guess of guesses.values()) {
    const { newName } = guess;
    const meaning = followed(guess, choices);
    const known = meaning.kind === 'entity' ? meaning.entity : null;
    const { name } = meaning.kind === 'entity' ? meaning.entity : meaning.guess.newName;
    const uuid = known?.uuid ?? newUuid(group, name);
    const entity = byUuid.get(uuid) ?? { uuid, name, known, names: [] };
    entity.names.push(newName);
    byUuid.set(uuid, entity);
    uuidOf.set(newName.key, uuid);
  }
  const entities = new Map(
    [...byUuid].map(([uuid, entity]) => [uuid, { ...entity, ...typeAndAttributes(entity.known, entity.names) }]),
  );
  return {
    byKey: new Map([...uuidOf].map(([key, uuid]) => [key, entities.get(uuid) as ResolvedEntity])),
    aliases: [...byUuid.values()].flatMap(({ uuid, name, names }) =>
      names
        .filter(({ key }) => key !== canonicalKey(name))
        .map((newName) => ({ key: aliasKey(newName.key), alias: newName.name, entity: uuid })),
    ),
  };
}

/** Follows names that mean the same to a known entity, or to the name of a new one. Names that only refer to each other are new. */
function followed(start: EntityGuess, choices: ReadonlyMap<EntityGuess, MeaningCandidate>): MeaningCandidate {
  const seen = new Set<EntityGuess>();
  let guess = start;
  while (!seen.has(guess)) {
    seen.add(guess);
    const meaning = meaningOf(guess, choices);
    if (meaning?.kind === 'entity') return meaning;
    if (!meaning) break;
    guess = meaning.guess;
  }
  return { kind: 'name', guess };
}

/** Undefined for a new entity. */
function meaningOf(
  guess: EntityGuess,
  choices: ReadonlyMap<EntityGuess, MeaningCandidate>,
): MeaningCandidate | undefined {
  const { known, same, fallback } = guess;
  if (known) return { kind: 'entity', entity: known };
  if (same) return { kind: 'name', guess: same };
  return choices.get(guess) ?? (fallback ? { kind: 'entity', entity: fallback } : undefined);
}

/** A known entity keeps its type; one without takes the first that is given. Attributes count when they are of that type. */
function typeAndAttributes(known: StoredEntity | null, names: readonly NewName[]) {
  const knownType = known?.labels.find((label) => label !== 'Entity');
  const type = knownType ?? names.find((newName) => newName.type !== 'Entity')?.type ?? 'Entity';
  const attributes = Object.assign(
    {},
    ...names.filter((newName) => newName.type === type).map((newName) => newName.attributes),
  );
  return { type, attributes: attributes as Record<string, AttributeValue> };
}

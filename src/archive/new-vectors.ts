import { hash } from 'node:crypto';
import type { Metadata } from '../episode.ts';
import { ArchiveDamagedError, InvalidInputError, ModelFailedError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { exportExtent } from '../graph/queries/export.ts';
import { episodesOfPassages, passagesOfEpisodes } from '../graph/queries/passages.ts';
import { addToCheckpoint, checkpointedVectors, prepareCheckpoint } from '../graph/queries/restore.ts';
import { embedEach } from '../models/embed-each.ts';
import type { Embedder } from '../models/embedder.ts';
import { embeddedText, textOf } from '../passages/passages.ts';
import { type Element, isNode, isVector, type Properties, shortestFloat32 } from './graph-element.ts';
import { openGraphHash } from './inventory.ts';
import { readPages } from './read-pages.ts';

/** For elements with vectors: each vector's name and the text that it embeds; null for a text that no longer exists. */
export type EmbeddedTexts = ReadonlyMap<Element, ReadonlyMap<string, string | null>>;

const ANY = { text: 'true', params: {} };
/** Episodes whose texts are in memory at the same time. */
const EPISODES = 16;

/**
 * The texts behind the vectors of a page. A property `name_embedding` is that of `name`; the text of a passage's vector is in its episode.
 * @throws InvalidInputError for a vector of an unknown text
 */
export async function embeddedTexts(graph: GroupGraph, page: readonly Element[]): Promise<EmbeddedTexts> {
  const texts = new Map<Element, Map<string, string | null>>();
  const passages: Element[] = [];
  for (const element of page) {
    const { properties, types } = element;
    const names = Object.keys(properties).filter((name) => isVector(name, properties[name], types));
    if (names.length === 0) continue;
    if (isNode(element) && element.labels.includes('_PassageVector')) passages.push(element);
    else texts.set(element, new Map(names.map((name) => [name, textBehind(name, element)])));
  }
  const known = await passageTexts(graph, [...new Set(passages.map(({ properties }) => String(properties.episode)))]);
  for (const element of passages)
    texts.set(element, new Map([['embedding', known.get(String(element.properties.passage)) ?? null]]));
  return texts;
}

export function* textsIn(texts: EmbeddedTexts): Generator<string> {
  for (const named of texts.values()) for (const text of named.values()) if (text !== null) yield text;
}

function textBehind(name: string, { properties }: Element): string | null {
  const text = name.endsWith('_embedding') ? properties[name.slice(0, -'_embedding'.length)] : undefined;
  if (typeof text !== 'string')
    throw new InvalidInputError(
      `The graph holds vectors "${name}" whose text is not known, so they cannot be computed with another embedder.`,
    );
  return text === '' ? null : text;
}

async function passageTexts(graph: GroupGraph, episodes: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (let from = 0; from < episodes.length; from += EPISODES) {
    const some = episodes.slice(from, from + EPISODES);
    const passages = await passagesOfEpisodes(graph, some, ANY, Number.MAX_SAFE_INTEGER);
    const ofTools = new Set(passages.filter(({ source }) => source !== '').map(({ episode }) => episode));
    const rows = new Map((await episodesOfPassages(graph, some, [...ofTools])).map((row) => [row.uuid, row]));
    for (const passage of passages) {
      const row = rows.get(passage.episode);
      if (!row) continue;
      const metadata = row.metadata === null ? null : (JSON.parse(row.metadata) as Metadata);
      texts.set(passage.uuid, embeddedText(textOf(passage.source, row.content, metadata), passage));
    }
  }
  return texts;
}

/** The number of different texts with vectors in a graph, their total length, and the number of requests that embed them. */
export async function countTexts(
  graph: GroupGraph,
  dimension: number,
): Promise<{ readonly texts: number; readonly characters: number; readonly requests: number }> {
  const seen = new Set<string>();
  let characters = 0;
  const { last } = await exportExtent(graph);
  for await (const page of readPages(graph, { last, dimension, depth: 'without vectors' }))
    for (const named of (await embeddedTexts(graph, page)).values())
      for (const text of named.values()) {
        if (text === null) continue;
        const known = seen.size;
        seen.add(hash('sha256', text, 'base64'));
        if (seen.size > known) characters += text.length;
      }
  return { texts: seen.size, characters, requests: Math.ceil(seen.size / TEXTS_PER_REQUEST) };
}

/** An embedder's vectors. They are stored, so that each is paid for once even if the task is killed and repeated. */
export interface NewVectors {
  /**
   * The vector of each text, except for texts on which the embedder always fails.
   * @throws ModelUnavailableError, ModelBusyError, ModelFailedError, ConfigError; vectors embedded until then stay stored
   */
  of(texts: Iterable<string>): Promise<ReadonlyMap<string, readonly number[]>>;
  /** How many texts were embedded here. */
  made(): number;
  /** How many texts got no vector. */
  skipped(): number;
}

/** Texts in a request. */
export const TEXTS_PER_REQUEST = 256;

/** Numbers of vectors in one query. */
const NUMBERS = 65_536;
const LEAST = 8;

/** Opens the store of one embedder's vectors; opening it again changes nothing. */
export async function openNewVectors(graphs: Graphs, group: string, embedder: Embedder): Promise<NewVectors> {
  const graph = await graphs.checkpoint(group, hash('sha256', `${embedder.model} ${embedder.dimension}`).slice(0, 12));
  await prepareCheckpoint(graph);
  const size = Math.max(LEAST, Math.floor(NUMBERS / embedder.dimension));
  let made = 0;

  /** Hashes of texts on which the embedder always fails. */
  const failing = new Set<string>();

  async function embed(texts: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>> {
    const embedded = await embedEach(embedder, texts);
    const isSound = (vector: readonly number[]) =>
      vector.length === embedder.dimension && vector.every(Number.isFinite);
    if (embedded.length !== texts.length || !embedded.every((vector) => !vector || isSound(vector)))
      throw new ModelFailedError(
        `The embedder ${embedder.model} did not give one vector of the right length for each text.`,
      );
    const vectors = new Map<string, readonly number[]>();
    for (const [place, text] of texts.entries()) {
      const vector = embedded[place];
      // As the graph stores them.
      if (vector) vectors.set(text, vector.map(Math.fround));
      else failing.add(keyOf(text));
    }
    const kept = [...vectors].map(([text, vector]) => ({ text: keyOf(text), vector }));
    for (const some of inPieces(kept, size)) await addToCheckpoint(graph, some);
    made += vectors.size;
    return vectors;
  }

  return {
    async of(given) {
      const texts = [...new Set(given)];
      const keys = new Map(texts.map((text) => [text, keyOf(text)]));
      const known = new Map<string, readonly number[]>();
      for (const some of inPieces([...keys.values()], size))
        for (const [key, vector] of await checkpointedVectors(graph, some)) known.set(key, vector);
      const vectors = new Map<string, readonly number[]>();
      const missing: string[] = [];
      for (const text of texts) {
        const key = keys.get(text) ?? '';
        const vector = known.get(key);
        if (vector) vectors.set(text, vector.map(shortestFloat32));
        else if (!failing.has(key)) missing.push(text);
      }
      for (const some of inPieces(missing, TEXTS_PER_REQUEST))
        for (const [text, vector] of await embed(some)) vectors.set(text, vector.map(shortestFloat32));
      return vectors;
    },
    made: () => made,
    skipped: () => failing.size,
  };
}

function* inPieces<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
}

/** A hash instead of the text, which may be forgotten meanwhile. */
const keyOf = (text: string): string => hash('sha256', text, 'base64');

/**
 * The elements of a graph, with the vectors of another embedder in place of their own.
 * @param notes our own notes, which replace those with the same keys
 * @throws ArchiveDamagedError when anything else would change
 */
export async function* withNewVectors(
  graph: GroupGraph,
  pages: AsyncIterable<Element[]>,
  vectors: NewVectors,
  notes: readonly Properties[],
): AsyncGenerator<Element[]> {
  const [before, after] = [0, 1].map(() => openGraphHash(graph.group, ['vectorless']));
  const isNoted = (element: Element) =>
    isNode(element) && element.labels.includes('_Meta') && notes.some(({ key }) => key === element.properties.key);
  yield notes.map((properties) => ({ labels: ['_Meta'], properties }));
  for await (const page of pages) {
    const texts = await embeddedTexts(graph, page);
    const made = await vectors.of(textsIn(texts));
    const elements: Element[] = [];
    for (const element of page) {
      if (isNoted(element)) continue;
      const named = withoutSkipped(texts.get(element) ?? new Map(), made);
      const withText = withoutUntold(element, named);
      if (!withText) continue;
      const changed = { ...withText, properties: { ...withText.properties, ...vectorsFor(named, made) } };
      before?.add(withText);
      after?.add(changed);
      elements.push(changed);
    }
    yield elements;
  }
  if (before?.result().vectorless !== after?.result().vectorless)
    throw new ArchiveDamagedError(`Something other than vectors would have changed in the memory "${graph.group}".`);
}

/** The same with null for texts that have no vector. */
function withoutSkipped(
  named: ReadonlyMap<string, string | null>,
  made: ReadonlyMap<string, readonly number[]>,
): ReadonlyMap<string, string | null> {
  return new Map([...named].map(([name, text]) => [name, text !== null && made.has(text) ? text : null]));
}

/** An element without vectors of missing, empty or skipped texts; undefined if nothing else remains. */
function withoutUntold(element: Element, named: ReadonlyMap<string, string | null>): Element | undefined {
  if (![...named.values()].includes(null)) return element;
  if (isNode(element) && element.labels.includes('_PassageVector')) return undefined;
  const kept = Object.entries(element.properties).filter(([name]) => named.get(name) !== null);
  return { ...element, properties: Object.fromEntries(kept) };
}

function vectorsFor(
  named: ReadonlyMap<string, string | null>,
  made: ReadonlyMap<string, readonly number[]>,
): Record<string, readonly number[]> {
  const vectors: Record<string, readonly number[]> = {};
  for (const [name, text] of named) if (text !== null) vectors[name] = made.get(text) ?? [];
  return vectors;
}

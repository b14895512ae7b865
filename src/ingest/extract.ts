import type { Episode } from '../episode.ts';
import { ModelFailedError } from '../errors.ts';
import { LABEL } from '../graph/codec.ts';
import type { PassageVector } from '../graph/queries/passages.ts';
import type { Embedder } from '../models/embedder.ts';
import type {
  ExtractedEntity,
  ExtractedFact,
  Extraction,
  LanguageModel,
  PartMemo,
  PreviousText,
  TokenUse,
} from '../models/language-model.ts';
import type { Ontology } from '../ontology.ts';
import { oneLine, plainText } from '../text.ts';
import { isWritable } from '../time.ts';
import { readTriplet } from '../triplet.ts';
import { fitOntology } from './fit-ontology.ts';
import type { Memo, MemoEntry, StoredVectors } from './memo.ts';
import { sameKey } from './names.ts';
import { type Stages, tagsOf } from './stages.ts';

/** Labels that have another meaning in the graph. */
const RESERVED = new Set([
  'Episodic',
  'Community',
  'Saga',
  '_Meta',
  '_Alias',
  '_Statement',
  '_Passage',
  '_PassageVector',
]);

/** An episode with its extraction. */
export interface Extracted {
  readonly episode: ReadEpisode;
  readonly extraction: Extraction;
  /** The vector of each entity's name and each fact's text. */
  readonly vectors: ReadonlyMap<string, readonly number[]>;
}

/** The properties of an episode that are needed after its extraction. */
export type ReadEpisode = Pick<Episode, 'uuid' | 'group' | 'referenceTime' | 'saga'>;

/** The models, types and memo that an extraction uses. */
export interface ExtractParts {
  readonly model: LanguageModel;
  readonly embedder: Embedder;
  readonly ontology: Ontology;
  readonly memo: Memo;
  readonly stage: Stages;
}

/** A passage without a vector, and the text to embed. */
export interface Unembedded {
  readonly uuid: string;
  readonly episode: string;
  readonly text: string;
}

/** An episode's extraction, and new vectors of its passages. */
export interface Read {
  readonly extracted: Extracted;
  readonly passages: readonly PassageVector[];
}

/**
 * Extracts an episode, or takes its results from the memo. Extractions run in parallel and in any order; all slow model calls
 * happen here, so that the lease is held only while the graph is changed. A model's result is stored before anything else can fail.
 * @param previous   called only when the model is called
 * @param unembedded passages of the episode without a vector; they are embedded in the same request as names and facts
 */
export async function extract(
  episode: Episode,
  previous: () => Promise<readonly PreviousText[]>,
  memoEntry: MemoEntry,
  unembedded: (isFirst: boolean) => Promise<readonly Unembedded[]>,
  { model, embedder, ontology, memo, stage }: ExtractParts,
): Promise<Read> {
  const { group, uuid } = episode;
  const tags = tagsOf(episode);
  memo.count('extraction', memoEntry.extraction !== undefined);
  const extraction =
    memoEntry.extraction ??
    (await stage('extract', { tags }, async () => {
      const found = validPart(
        await read(episode, await previous(), { model, ontology, parts: memo.parts(group, uuid) }),
      );
      memo.storeExtraction(group, uuid, found);
      return found;
    }));
  const texts = textsOf(extraction);
  const storedVectors = texts.length > 0 ? memoEntry.vectors(texts) : { vectors: [], use: [] };
  if (texts.length > 0) memo.count('vectors', storedVectors !== undefined);
  const isFirst = memoEntry.extraction === undefined;
  const passages = await unembedded(isFirst);
  const passageTexts = passages.map(({ text }) => text);
  const hasStoredPassages = !isFirst || (texts.length > 0 && storedVectors !== undefined);
  const storedPassages =
    hasStoredPassages && passages.length > 0 ? await memo.getPassages(group, uuid, passageTexts) : undefined;
  const missingTexts = [...(storedVectors ? [] : texts), ...(storedPassages ? [] : passageTexts)];
  const embedded =
    missingTexts.length > 0 ? await stage('embed', { tags }, () => embed(embedder, missingTexts)) : NO_VECTORS;
  const textVectors = storedVectors ?? { use: embedded.use, vectors: embedded.vectors.slice(0, texts.length) };
  // The use of a shared call is counted once, with the facts.
  const passageVectors = storedPassages ?? {
    use: storedVectors ? embedded.use : [],
    vectors: embedded.vectors.slice(storedVectors ? 0 : texts.length),
  };
  if (!storedVectors) memo.storeVectors(group, uuid, texts, textVectors);
  if (!storedPassages && passages.length > 0) memo.storePassages(group, uuid, passageTexts, passageVectors);
  return {
    extracted: joined(episode, extraction, { ...textVectors, use: [...textVectors.use, ...passageVectors.use] }),
    passages: passages.map((passage, place) => ({
      uuid: passage.uuid,
      episode: passage.episode,
      embedding: passageVectors.vectors[place] ?? [],
    })),
  };
}

const NO_VECTORS: StoredVectors = { vectors: [], use: [] };

/** The extraction from the memo, without a model call; undefined when the memo lacks a part of it. */
export function fromMemo(episode: ReadEpisode, { extraction, vectors }: MemoEntry): Extracted | undefined {
  const texts = extraction && textsOf(extraction);
  const storedVectors = texts && (texts.length > 0 ? vectors(texts) : { vectors: [], use: [] });
  return storedVectors && joined(episode, extraction, storedVectors);
}

function textsOf({ entities, facts }: Extraction): string[] {
  return [...new Set([...entities.map(({ name }) => name), ...facts.map(({ fact }) => fact)])];
}

function joined(episode: ReadEpisode, extraction: Extraction, { vectors, use }: StoredVectors): Extracted {
  return {
    episode,
    extraction: { ...extraction, use: [...(extraction.use ?? []), ...use] },
    vectors: new Map(textsOf(extraction).map((text, index) => [text, vectors[index] ?? []])),
  };
}

async function embed(embedder: Embedder, texts: readonly string[]): Promise<StoredVectors> {
  const use: TokenUse[] = [];
  const given = await embedder.embed(texts, (it) => use.push(it));
  // Float32 as in the graph, so that memo and graph are equal to the last digit.
  const vectors = given.map((vector) => vector.map(Math.fround));
  const isValid = (vector: readonly number[]) => vector.length === embedder.dimension && vector.every(Number.isFinite);
  if (vectors.length === texts.length && vectors.every(isValid)) return { vectors, use };
  throw new ModelFailedError(`The embedder ${embedder.model} gave other vectors than it was asked for.`);
}

async function read(
  episode: Episode,
  previous: readonly PreviousText[],
  { model, ontology, parts }: Pick<ExtractParts, 'model' | 'ontology'> & { readonly parts: PartMemo },
): Promise<Extraction> {
  const { content, source, sourceDescription, referenceTime } = episode;
  if (source === 'fact_triple') return extractionOfFact(content);
  const text = { content: plainText(content), source, sourceDescription, referenceTime, previous, ontology };
  const read = fitOntology(await model.extract(text, parts), ontology);
  return { ...read, facts: read.facts.map(withEvidence) };
}

/** The sentence that a fact stands in is one of its attributes: by it the passage is found in which the fact has ended. */
function withEvidence({ evidence, ...fact }: ExtractedFact): ExtractedFact {
  if (evidence === undefined || sameSentence(evidence, fact.fact)) return fact;
  return { ...fact, attributes: { ...fact.attributes, evidence } };
}

const sameSentence = (one: string, other: string): boolean =>
  oneLine(one).replace(/[.!]+$/, '') === oneLine(other).replace(/[.!]+$/, '');

/** A given fact needs no model, and its types are used as given. */
function extractionOfFact(content: string): Extraction {
  const {
    source,
    target,
    sourceType = 'Entity',
    targetType = 'Entity',
    validAt,
    invalidAt,
    ...rest
  } = readTriplet(content);
  const fact = { source, target, ...rest, validAt: validAt ?? null, invalidAt: invalidAt ?? null };
  const entities = [
    { name: source, type: sourceType },
    { name: target, type: targetType },
  ];
  return { entities, facts: [fact], ended: [] };
}

/**
 * The valid part of a model's answer: names that are not blank, one entity for each name, labels that the graph accepts, facts
 * between two different named entities, dates that the graph can write, ends after beginnings.
 */
export function validPart(given: Extraction): Extraction {
  const { entities, facts, ended, notes, use } = inPlainText(given);
  const byKey = new Map<string, ExtractedEntity>();
  for (const { name, type, ...rest } of entities) {
    const entity = { ...rest, name: oneLine(name), type: LABEL.test(type) && !RESERVED.has(type) ? type : 'Entity' };
    if (entity.name === '') continue;
    const known = byKey.get(sameKey(name));
    if (!known || (known.type === 'Entity' && entity.type !== 'Entity')) byKey.set(sameKey(name), entity);
  }
  const joins = ({ source, target }: { source: string; target: string }) =>
    sameKey(source) !== sameKey(target) && byKey.has(sameKey(source)) && byKey.has(sameKey(target));
  return {
    entities: [...byKey.values()],
    facts: facts
      .map((fact): ExtractedFact => ({ ...fact, fact: oneLine(fact.fact), ...validTimes(fact) }))
      .filter((fact) => fact.fact !== '' && joins(fact)),
    ended: ended.filter((it) => joins(it) && validTime(it.at)),
    ...(notes && { notes }),
    ...(use && { use }),
  };
}

/** Removes control characters and lone surrogates, which a model may unescape and which have no UTF-8 form. */
function inPlainText(extraction: Extraction): Extraction {
  const plain = (text: string) => plainText(text).toWellFormed();
  const plainEnds = <T extends { source: string; target: string }>(item: T): T => ({
    ...item,
    source: plain(item.source),
    target: plain(item.target),
  });
  const value = (given: unknown): unknown =>
    typeof given === 'string' ? plain(given) : Array.isArray(given) ? given.map(value) : given;
  const plainAttributes = <T extends { readonly attributes?: ExtractedEntity['attributes'] }>(item: T): T =>
    item.attributes
      ? {
          ...item,
          attributes: Object.fromEntries(Object.entries(item.attributes).map(([key, it]) => [key, value(it)])),
        }
      : item;
  return {
    ...extraction,
    entities: extraction.entities.map((entity) => ({ ...plainAttributes(entity), name: plain(entity.name) })),
    facts: extraction.facts.map((fact) => ({
      ...plainEnds(plainAttributes(fact)),
      ...{ relation: plain(fact.relation), fact: plain(fact.fact) },
    })),
    ended: extraction.ended.map(plainEnds),
  };
}

function validTimes(fact: ExtractedFact): Pick<ExtractedFact, 'validAt' | 'invalidAt'> {
  const [validAt, invalidAt] = [validTime(fact.validAt), validTime(fact.invalidAt)];
  return { validAt, invalidAt: validAt && invalidAt && invalidAt <= validAt ? null : invalidAt };
}

function validTime(date: Date | null): Date | null {
  return date && isWritable(date) ? date : null;
}

import type { Episode } from '../episode.ts';
import { ModelFailedError } from '../errors.ts';
import type { PassageVector } from '../graph/queries/passages.ts';
import { LABEL_PATTERN } from '../graph/query-text.ts';
import type { Embedder } from '../models/embedder.ts';
import type {
  ExtractedEntity,
  ExtractedFact,
  Extraction,
  ExtractionCache,
  LanguageModel,
  PreviousText,
  TokenUse,
} from '../models/language-model.ts';
import type { Ontology } from '../ontology.ts';
import { oneLine, plainText } from '../text.ts';
import { isStorableDate } from '../time.ts';
import { readTriplet } from '../triplet.ts';
import { applyOntology } from './apply-ontology.ts';
import type { Memo, MemoEntry, StoredVectors } from './memo.ts';
import { canonicalKey } from './name-keys.ts';
import { episodeTags, type StageTimer } from './timed-stages.ts';

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
export interface ExtractedEpisode {
  readonly episode: EpisodeIdentity;
  readonly extraction: Extraction;
  /** The vector of each entity's name and each fact's text. */
  readonly vectors: ReadonlyMap<string, readonly number[]>;
  /** Vectors that its passages get with the commit; none for an episode of another worker, which has written them. */
  readonly passageVectors: readonly PassageVector[];
}

/** The properties of an episode that are needed after its extraction. */
export type EpisodeIdentity = Pick<Episode, 'uuid' | 'group' | 'referenceTime' | 'saga'>;

/** The models, types and memo that an extraction uses. */
export interface ExtractParts {
  readonly model: LanguageModel;
  readonly embedder: Embedder;
  readonly ontology: Ontology;
  readonly memo: Memo;
  readonly stage: StageTimer;
}

/** A passage without a vector, and the text to embed. */
export interface UnembeddedPassage {
  readonly uuid: string;
  readonly episode: string;
  readonly text: string;
}

/**
 * Extracts an episode, or takes its results from the memo. Extractions run in parallel and in any order; all slow model calls
 * happen here, so that the lease is held only while the graph is changed. A model's result is stored before anything else can fail.
 * @param previous   called only when the model is called
 * @param unembedded passages of the episode without a vector; they are embedded in the same request as names and facts
 */
export async function extractEpisode(
  episode: Episode,
  previous: () => Promise<readonly PreviousText[]>,
  memoEntry: MemoEntry,
  unembedded: (isFirst: boolean) => Promise<readonly UnembeddedPassage[]>,
  parts: ExtractParts,
): Promise<ExtractedEpisode> {
  const { group, uuid } = episode;
  const { memo } = parts;
  const isFirst = memoEntry.extraction === undefined;
  memo.count('extraction', !isFirst);
  const extraction = memoEntry.extraction ?? (await extractAndStore(episode, previous, parts));

  const texts = textsOf(extraction);
  const storedTexts = memoizedVectors(texts, memoEntry);
  if (texts.length > 0) memo.count('vectors', storedTexts !== undefined);

  const passages = await unembedded(isFirst);
  const passageTexts = passages.map(({ text }) => text);
  // Only an episode that was tried before has stored passages.
  const mayBeStored = !isFirst || (texts.length > 0 && storedTexts !== undefined);
  const storedPassages = await memoizedPassages(episode, passageTexts, memo, mayBeStored);

  const [textVectors, passageVectors] = await embedMissing(
    { texts, stored: storedTexts },
    { texts: passageTexts, stored: storedPassages },
    (missing) => parts.stage('embed', { tags: episodeTags(episode) }, () => embed(parts.embedder, missing)),
  );
  if (!storedTexts) memo.storeVectors(group, uuid, texts, textVectors);
  if (!storedPassages) memo.storePassages(group, uuid, passageTexts, passageVectors);
  return {
    ...joined(episode, extraction, { ...textVectors, use: [...textVectors.use, ...passageVectors.use] }),
    passageVectors: passages.map((passage, place) => ({
      uuid: passage.uuid,
      episode: passage.episode,
      embedding: passageVectors.vectors[place] ?? [],
    })),
  };
}

function extractAndStore(
  episode: Episode,
  previous: () => Promise<readonly PreviousText[]>,
  { model, ontology, memo, stage }: ExtractParts,
): Promise<Extraction> {
  const { group, uuid } = episode;
  return stage('extract', { tags: episodeTags(episode) }, async () => {
    const extraction = sanitizeExtraction(
      await read(episode, await previous(), { model, ontology, parts: memo.parts(group, uuid) }),
    );
    memo.storeExtraction(group, uuid, extraction);
    return extraction;
  });
}

const NO_VECTORS: StoredVectors = { vectors: [], use: [] };

/** The memo's vectors of names and facts; undefined when it lacks them. */
function memoizedVectors(texts: readonly string[], { vectors }: MemoEntry): StoredVectors | undefined {
  return texts.length > 0 ? vectors(texts) : NO_VECTORS;
}

/** The memo's vectors of passages; undefined when it lacks them. */
async function memoizedPassages(
  { group, uuid }: Episode,
  texts: readonly string[],
  memo: Memo,
  mayBeStored: boolean,
): Promise<StoredVectors | undefined> {
  if (texts.length === 0) return NO_VECTORS;
  return mayBeStored ? memo.getPassages(group, uuid, texts) : undefined;
}

/** Texts, and their vectors if the memo has them. */
interface MemoizedTexts {
  readonly texts: readonly string[];
  readonly stored: StoredVectors | undefined;
}

/** The vectors of both lists. Those that the memo lacks are embedded in one call, whose use is counted once, with the first of them. */
async function embedMissing(
  extracted: MemoizedTexts,
  passages: MemoizedTexts,
  embedTexts: (texts: readonly string[]) => Promise<StoredVectors>,
): Promise<[extracted: StoredVectors, passages: StoredVectors]> {
  if (extracted.stored && passages.stored) return [extracted.stored, passages.stored];
  if (extracted.stored) return [extracted.stored, await embedTexts(passages.texts)];
  if (passages.stored) return [await embedTexts(extracted.texts), passages.stored];
  const { use, vectors } = await embedTexts([...extracted.texts, ...passages.texts]);
  const count = extracted.texts.length;
  return [
    { use, vectors: vectors.slice(0, count) },
    { use: [], vectors: vectors.slice(count) },
  ];
}

/** The extraction from the memo, without a model call; undefined when the memo lacks a part of it. */
export function fromMemo(episode: EpisodeIdentity, entry: MemoEntry): ExtractedEpisode | undefined {
  const { extraction } = entry;
  const vectors = extraction && memoizedVectors(textsOf(extraction), entry);
  return vectors && joined(episode, extraction, vectors);
}

function textsOf({ entities, facts }: Extraction): string[] {
  return [...new Set([...entities.map(({ name }) => name), ...facts.map(({ fact }) => fact)])];
}

function joined(episode: EpisodeIdentity, extraction: Extraction, { vectors, use }: StoredVectors): ExtractedEpisode {
  return {
    episode,
    extraction: { ...extraction, use: [...(extraction.use ?? []), ...use] },
    vectors: new Map(textsOf(extraction).map((text, index) => [text, vectors[index] ?? []])),
    passageVectors: [],
  };
}

async function embed(embedder: Embedder, texts: readonly string[]): Promise<StoredVectors> {
  const use: TokenUse[] = [];
  const embedded = await embedder.embed(texts, (tokenUse) => use.push(tokenUse));
  // Float32 as in the graph, so that memo and graph are equal to the last digit.
  const vectors = embedded.map((vector) => vector.map(Math.fround));
  const isValid = (vector: readonly number[]) => vector.length === embedder.dimension && vector.every(Number.isFinite);
  if (vectors.length === texts.length && vectors.every(isValid)) return { vectors, use };
  throw new ModelFailedError(
    `The embedder ${embedder.model} did not give one vector of the right length for each text.`,
  );
}

async function read(
  episode: Episode,
  previous: readonly PreviousText[],
  { model, ontology, parts }: Pick<ExtractParts, 'model' | 'ontology'> & { readonly parts: ExtractionCache },
): Promise<Extraction> {
  const { content, source, sourceDescription, referenceTime } = episode;
  if (source === 'fact_triple') return extractionOfFact(content);
  const text = { content: plainText(content), source, sourceDescription, referenceTime, previous, ontology };
  const read = applyOntology(await model.extract(text, parts), ontology);
  return { ...read, facts: read.facts.map(withEvidence) };
}

/** A fact's sentence is stored as an attribute: through the sentence the passage is found in which the fact has ended. */
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
export function sanitizeExtraction(extraction: Extraction): Extraction {
  const { entities, facts, ended, notes, use } = inPlainText(extraction);
  const byKey = new Map<string, ExtractedEntity>();
  for (const { name, type, ...rest } of entities) {
    const entity = {
      ...rest,
      name: oneLine(name),
      type: LABEL_PATTERN.test(type) && !RESERVED.has(type) ? type : 'Entity',
    };
    if (entity.name === '') continue;
    const earlier = byKey.get(canonicalKey(name));
    if (!earlier || (earlier.type === 'Entity' && entity.type !== 'Entity')) byKey.set(canonicalKey(name), entity);
  }
  const joins = ({ source, target }: { source: string; target: string }) =>
    canonicalKey(source) !== canonicalKey(target) && byKey.has(canonicalKey(source)) && byKey.has(canonicalKey(target));
  return {
    entities: [...byKey.values()],
    facts: facts
      .map((fact): ExtractedFact => ({ ...fact, fact: oneLine(fact.fact), ...validTimes(fact) }))
      .filter((fact) => fact.fact !== '' && joins(fact)),
    ended: ended.filter((ending) => joins(ending) && validTime(ending.at)),
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
  const value = (raw: unknown): unknown =>
    typeof raw === 'string' ? plain(raw) : Array.isArray(raw) ? raw.map(value) : raw;
  const plainAttributes = <T extends { readonly attributes?: ExtractedEntity['attributes'] }>(item: T): T =>
    item.attributes
      ? {
          ...item,
          attributes: Object.fromEntries(
            Object.entries(item.attributes).map(([key, attribute]) => [key, value(attribute)]),
          ),
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
  return date && isStorableDate(date) ? date : null;
}

import type { Episode } from '../episode.ts';
import { ModelFailed } from '../errors.ts';
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
import type { KeptVectors, Memo, Remembered } from './memo.ts';
import { sameKey } from './names.ts';
import { type Stages, tagsOf } from './stages.ts';

/** Labels that mean something else in the graph. */
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

/** An episode together with what was read in it. */
export interface Extracted {
  readonly episode: ReadEpisode;
  readonly extraction: Extraction;
  /** The vector of each entity's name and each fact's text. */
  readonly vectors: ReadonlyMap<string, readonly number[]>;
}

/** What of an episode counts once it is read. */
export type ReadEpisode = Pick<Episode, 'uuid' | 'group' | 'referenceTime' | 'saga'>;

/** Who reads, what for, and what is done besides. */
export interface Readers {
  readonly model: LanguageModel;
  readonly embedder: Embedder;
  readonly ontology: Ontology;
  readonly memo: Memo;
  readonly stage: Stages;
}

/** A passage that has no vector yet, and what of it is embedded. */
export interface Unembedded {
  readonly uuid: string;
  readonly episode: string;
  readonly text: string;
}

/** What was read in an episode, and the vectors that its passages had not yet. */
export interface Read {
  readonly extracted: Extracted;
  readonly passages: readonly PassageVector[];
}

/**
 * Reads an episode, as far as that was not done before. Many may be read at once and in any order; the slow part, models, is all
 * done here, so that the group is held only while the graph is changed. What a model gave is kept before anything else can fail.
 * @param previous   asked for only when the model is
 * @param unembedded passages of the episode that have no vector yet; they are embedded in the same request as names and facts
 */
export async function extract(
  episode: Episode,
  previous: () => Promise<readonly PreviousText[]>,
  remembered: Remembered,
  unembedded: (isFirst: boolean) => Promise<readonly Unembedded[]>,
  { model, embedder, ontology, memo, stage }: Readers,
): Promise<Read> {
  const { group, uuid } = episode;
  const tags = tagsOf(episode);
  memo.count('extraction', remembered.extraction !== undefined);
  const extraction =
    remembered.extraction ??
    (await stage('extract', { tags }, async () => {
      const found = soundPart(
        await read(episode, await previous(), { model, ontology, parts: memo.parts(group, uuid) }),
      );
      memo.keepExtraction(group, uuid, found);
      return found;
    }));
  const texts = textsOf(extraction);
  const known = texts.length > 0 ? remembered.vectors(texts) : { vectors: [], use: [] };
  if (texts.length > 0) memo.count('vectors', known !== undefined);
  const isFirst = remembered.extraction === undefined;
  const passages = await unembedded(isFirst);
  const passageTexts = passages.map(({ text }) => text);
  const wasRead = !isFirst || (texts.length > 0 && known !== undefined);
  const old = wasRead && passages.length > 0 ? await memo.passages(group, uuid, passageTexts) : undefined;
  const asked = [...(known ? [] : texts), ...(old ? [] : passageTexts)];
  const made = asked.length > 0 ? await stage('embed', { tags }, () => embed(embedder, asked)) : NO_VECTORS;
  const ofTexts = known ?? { use: made.use, vectors: made.vectors.slice(0, texts.length) };
  // One call for both is counted once, with the facts.
  const ofPassages = old ?? { use: known ? made.use : [], vectors: made.vectors.slice(known ? 0 : texts.length) };
  if (!known) memo.keepVectors(group, uuid, texts, ofTexts);
  if (!old && passages.length > 0) memo.keepPassages(group, uuid, passageTexts, ofPassages);
  return {
    extracted: joined(episode, extraction, { ...ofTexts, use: [...ofTexts.use, ...ofPassages.use] }),
    passages: passages.map((passage, place) => ({
      uuid: passage.uuid,
      episode: passage.episode,
      embedding: ofPassages.vectors[place] ?? [],
    })),
  };
}

const NO_VECTORS: KeptVectors = { vectors: [], use: [] };

/** What was read before, if all of it is remembered: no model is asked. */
export function recalled(episode: ReadEpisode, { extraction, vectors }: Remembered): Extracted | undefined {
  const texts = extraction && textsOf(extraction);
  const kept = texts && (texts.length > 0 ? vectors(texts) : { vectors: [], use: [] });
  return kept && joined(episode, extraction, kept);
}

function textsOf({ entities, facts }: Extraction): string[] {
  return [...new Set([...entities.map(({ name }) => name), ...facts.map(({ fact }) => fact)])];
}

function joined(episode: ReadEpisode, extraction: Extraction, { vectors, use }: KeptVectors): Extracted {
  return {
    episode,
    extraction: { ...extraction, use: [...(extraction.use ?? []), ...use] },
    vectors: new Map(textsOf(extraction).map((text, index) => [text, vectors[index] ?? []])),
  };
}

async function embed(embedder: Embedder, texts: readonly string[]): Promise<KeptVectors> {
  const use: TokenUse[] = [];
  const given = await embedder.embed(texts, (it) => use.push(it));
  // As the graph keeps them, so that what is remembered is the same to the last digit.
  const vectors = given.map((vector) => vector.map(Math.fround));
  const isSound = (vector: readonly number[]) => vector.length === embedder.dimension && vector.every(Number.isFinite);
  if (vectors.length === texts.length && vectors.every(isSound)) return { vectors, use };
  throw new ModelFailed(`The embedder ${embedder.model} gave other vectors than it was asked for.`);
}

async function read(
  episode: Episode,
  previous: readonly PreviousText[],
  { model, ontology, parts }: Pick<Readers, 'model' | 'ontology'> & { readonly parts: PartMemo },
): Promise<Extraction> {
  const { content, source, sourceDescription, referenceTime } = episode;
  if (source === 'fact_triple') return givenFact(content);
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

/** A fact that was given whole is not read by a model, and its types were given on purpose. */
function givenFact(content: string): Extraction {
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
 * What of a model's answer can be kept: names that are not blank, one entity for each name, labels that the graph takes,
 * facts between two different entities that were named, dates that the graph can write, ends after beginnings.
 */
export function soundPart(given: Extraction): Extraction {
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
      .map((fact): ExtractedFact => ({ ...fact, fact: oneLine(fact.fact), ...soundTimes(fact) }))
      .filter((fact) => fact.fact !== '' && joins(fact)),
    ended: ended.filter((it) => joins(it) && soundTime(it.at)),
    ...(notes && { notes }),
    ...(use && { use }),
  };
}

/** A model may write out what its text had escaped: control characters, and halves of characters, which have no UTF-8 form. */
function inPlainText(extraction: Extraction): Extraction {
  const plain = (text: string) => plainText(text).toWellFormed();
  const ends = <T extends { source: string; target: string }>(one: T): T => ({
    ...one,
    source: plain(one.source),
    target: plain(one.target),
  });
  const value = (given: unknown): unknown =>
    typeof given === 'string' ? plain(given) : Array.isArray(given) ? given.map(value) : given;
  const told = <T extends { readonly attributes?: ExtractedEntity['attributes'] }>(one: T): T =>
    one.attributes
      ? { ...one, attributes: Object.fromEntries(Object.entries(one.attributes).map(([key, it]) => [key, value(it)])) }
      : one;
  return {
    ...extraction,
    entities: extraction.entities.map((entity) => ({ ...told(entity), name: plain(entity.name) })),
    facts: extraction.facts.map((fact) => ({
      ...ends(told(fact)),
      ...{ relation: plain(fact.relation), fact: plain(fact.fact) },
    })),
    ended: extraction.ended.map(ends),
  };
}

function soundTimes(fact: ExtractedFact): Pick<ExtractedFact, 'validAt' | 'invalidAt'> {
  const [validAt, invalidAt] = [soundTime(fact.validAt), soundTime(fact.invalidAt)];
  return { validAt, invalidAt: validAt && invalidAt && invalidAt <= validAt ? null : invalidAt };
}

function soundTime(date: Date | null): Date | null {
  return date && isWritable(date) ? date : null;
}

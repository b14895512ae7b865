import type { Episode } from '../episode.ts';
import { ModelFailed } from '../errors.ts';
import { LABEL } from '../graph/codec.ts';
import type { Embedder } from '../models/embedder.ts';
import type {
  ExtractedEntity,
  ExtractedFact,
  Extraction,
  LanguageModel,
  PreviousText,
} from '../models/language-model.ts';
import type { Ontology } from '../ontology.ts';
import { oneLine } from '../text.ts';
import { isWritable } from '../time.ts';
import { readTriplet } from '../triplet.ts';
import { fitOntology } from './fit-ontology.ts';
import { sameKey } from './names.ts';

/** Labels that mean something else in the graph. */
const RESERVED = new Set(['Episodic', 'Community', 'Saga', '_Meta', '_Alias']);

/** An episode together with what was read in it. */
export interface Extracted {
  readonly episode: Episode;
  readonly extraction: Extraction;
  /** The vector of each entity's name and each fact's text. */
  readonly vectors: ReadonlyMap<string, readonly number[]>;
}

/** Who reads, and what for. */
export interface Readers {
  readonly model: LanguageModel;
  readonly embedder: Embedder;
  readonly ontology: Ontology;
}

/**
 * Reads an episode. Many may be read at once and in any order; the slow part, models, is all done here, so that the group
 * is held only while the graph is changed.
 */
export async function extract(
  episode: Episode,
  previous: readonly PreviousText[],
  { model, embedder, ontology }: Readers,
): Promise<Extracted> {
  const extraction = soundPart(await read(episode, previous, model, ontology));
  const texts = [...extraction.entities.map(({ name }) => name), ...extraction.facts.map(({ fact }) => fact)];
  const distinct = [...new Set(texts)];
  const use = [...(extraction.use ?? [])];
  const vectors = distinct.length > 0 ? await embedder.embed(distinct, (it) => use.push(it)) : [];
  if (vectors.length !== distinct.length || vectors.some((vector) => vector.length !== embedder.dimension))
    throw new ModelFailed(`The embedder ${embedder.model} gave other vectors than it was asked for.`);
  return {
    episode,
    extraction: { ...extraction, use },
    vectors: new Map(distinct.map((text, index) => [text, vectors[index] ?? []])),
  };
}

async function read(
  episode: Episode,
  previous: readonly PreviousText[],
  model: LanguageModel,
  ontology: Ontology,
): Promise<Extraction> {
  const { content, source, sourceDescription, referenceTime } = episode;
  if (source === 'fact_triple') return givenFact(content);
  const text = { content, source, sourceDescription, referenceTime, previous, ontology };
  return fitOntology(await model.extract(text), ontology);
}

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
export function soundPart({ entities, facts, ended, use }: Extraction): Extraction {
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
    ...(use && { use }),
  };
}

function soundTimes(fact: ExtractedFact): Pick<ExtractedFact, 'validAt' | 'invalidAt'> {
  const [validAt, invalidAt] = [soundTime(fact.validAt), soundTime(fact.invalidAt)];
  return { validAt, invalidAt: validAt && invalidAt && invalidAt <= validAt ? null : invalidAt };
}

function soundTime(date: Date | null): Date | null {
  return date && isWritable(date) ? date : null;
}

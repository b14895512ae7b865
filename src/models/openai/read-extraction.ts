import type { Attribute, AttributeValue, Ontology } from '../../ontology.ts';
import type { EndedRelation, ExtractedEntity, ExtractedFact, Extraction } from '../language-model.ts';
import { cleanLine, nameKey } from './clean.ts';
import { looseDate } from './dates.ts';
import { allowedTypes, type ExtractionReply } from './extraction-schema.ts';

/** A longer name is a sentence. */
const LONGEST_NAME = 200;
const LONGEST_FACT = 2000;
const LONGEST_RELATION = 60;
const LONGEST_TYPE = 60;

type Attributes = Record<string, AttributeValue>;

/**
 * What a reply says, as far as it can be kept: listed entities of allowed types, each once, and facts and ends between two
 * of them.
 */
export function readExtraction(reply: ExtractionReply, ontology: Ontology, referenceTime: Date): Extraction {
  const entities = new Map<string, ExtractedEntity>();
  for (const given of reply.entities) {
    const entity = readEntity(given, ontology);
    const known = entity && entities.get(nameKey(entity.name));
    if (entity && (!known || (known.type === 'Entity' && entity.type !== 'Entity')))
      entities.set(nameKey(entity.name), { ...entity, name: known?.name ?? entity.name });
  }
  /** The two entities as they are listed. */
  const ends = (given: { source: string; target: string }) => {
    const source = entities.get(nameKey(cleanLine(given.source, LONGEST_NAME)));
    const target = entities.get(nameKey(cleanLine(given.target, LONGEST_NAME)));
    return source && target && source !== target ? { source, target } : undefined;
  };
  return {
    entities: [...entities.values()],
    facts: reply.facts.flatMap((given): ExtractedFact[] => {
      const between = ends(given);
      const fact = cleanLine(given.fact, LONGEST_FACT);
      return between && fact !== '' ? [readFact(given, fact, between, ontology)] : [];
    }),
    ended: (reply.ended ?? []).flatMap((given): EndedRelation[] => {
      const between = ends(given);
      if (!between) return [];
      return [{ source: between.source.name, target: between.target.name, at: looseDate(given.at) ?? referenceTime }];
    }),
  };
}

function readEntity(given: ExtractionReply['entities'][number], ontology: Ontology): ExtractedEntity | undefined {
  const name = cleanLine(given.name, LONGEST_NAME + 1);
  const type = typeOf(given.type, ontology);
  if (name === '' || name.length > LONGEST_NAME || type === undefined) return undefined;
  const known = ontology.entityTypes.find((other) => other.name === type);
  return { name, type, ...readAttributes(given.attributes, known?.attributes) };
}

/** The type as a label; undefined for those that are left out. */
function typeOf(given: string, ontology: Ontology): string | undefined {
  const label = asLabel(given);
  const allowed = allowedTypes(ontology);
  const wanted = allowed.find((name) => name.toLowerCase() === label.toLowerCase());
  if (wanted !== undefined) return wanted;
  const isExcluded = ontology.excludedTypes.some((name) => name.toLowerCase() === label.toLowerCase());
  const type = allowed.length > 0 || isExcluded ? undefined : label;
  // A type that nobody asked for still is a thing.
  return type ?? (!isExcluded && allowed.includes('Entity') ? 'Entity' : undefined);
}

/** `software library` becomes `SoftwareLibrary`, what has no letters `Entity`. */
function asLabel(type: string): string {
  const words = type.normalize('NFKD').match(/[A-Za-z0-9_]+/g) ?? [];
  const label = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z_]/.test(label) && label.length <= LONGEST_TYPE ? label : 'Entity';
}

function readFact(
  given: ExtractionReply['facts'][number],
  fact: string,
  { source, target }: { source: ExtractedEntity; target: ExtractedEntity },
  ontology: Ontology,
): ExtractedFact {
  const relation = asRelation(given.relation);
  const began = looseDate(given.valid_at);
  const invalidAt = looseDate(given.invalid_at);
  // The end is what a text says ("until 2024"); a beginning after it was guessed.
  const validAt = began && invalidAt && began >= invalidAt ? null : began;
  const type = ontology.factTypes.find(({ name, ends }) => name === relation && mayStand(ends, source, target));
  return {
    source: source.name,
    target: target.name,
    relation,
    fact,
    validAt,
    invalidAt,
    ...readAttributes(given.attributes, type?.attributes),
  };
}

function mayStand(
  ends: readonly (readonly [string, string])[],
  source: ExtractedEntity,
  target: ExtractedEntity,
): boolean {
  const fits = (allowed: string, type: string) => allowed === 'Entity' || allowed === type;
  return ends.length === 0 || ends.some(([from, to]) => fits(from, source.type) && fits(to, target.type));
}

/** `worksAt` and `works at` become `WORKS_AT`, what has no letters Graphiti's own `RELATES_TO`. */
function asRelation(relation: string): string {
  const words = relation
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .match(/[A-Z0-9]+/g);
  const name = (words ?? []).join('_').slice(0, LONGEST_RELATION).replace(/_$/, '');
  return /^[A-Z]/.test(name) ? name : 'RELATES_TO';
}

function readAttributes(given: unknown, wanted: readonly Attribute[] | undefined): { attributes?: Attributes } {
  if (!wanted || given === null || typeof given !== 'object') return {};
  const told = wanted.flatMap(({ name, read }): [string, AttributeValue][] => {
    const value = Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : null;
    const kept = value === null ? undefined : read(cleanValue(value));
    return kept === undefined ? [] : [[name, kept]];
  });
  return told.length > 0 ? { attributes: Object.fromEntries(told) } : {};
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanLine(value, LONGEST_FACT);
  return Array.isArray(value)
    ? value.map((item) => (typeof item === 'string' ? cleanLine(item, LONGEST_FACT) : item))
    : value;
}

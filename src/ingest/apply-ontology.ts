import type { EndedRelation, ExtractedEntity, ExtractedFact, Extraction } from '../models/language-model.ts';
import type { Attribute, AttributeValue, EntityType, FactType, Ontology } from '../ontology.ts';
import { canonicalKey } from './name-keys.ts';

type Given = Readonly<Record<string, unknown>> | null | undefined;

/**
 * Fits an extraction to the user's own types:
 *
 * - an entity of an unknown type becomes an `Entity`; without own types every type is kept;
 * - entities of excluded types are left out, with all of their facts;
 * - relations are free: one that is no fact type is kept, and so is a fact type's name between ends that it does not allow,
 *   but without its attributes (as in Graphiti);
 * - attributes are those of the own type, with values that fit.
 */
export function applyOntology(extraction: Extraction, ontology: Ontology): Extraction {
  const entityTypes = byKey(ontology.entityTypes, typeKey);
  const factTypes = byKey(ontology.factTypes, relationKey);
  const typed = extraction.entities.map((entity) => fitEntity(entity, entityTypes));
  const [entities, left] = [[] as ExtractedEntity[], [] as ExtractedEntity[]];
  for (const entity of typed) (ontology.excludedTypes.includes(entity.type) ? left : entities).push(entity);
  const types = typesByName(entities);
  const excluded = new Set(left.map(({ name }) => canonicalKey(name)).filter((key) => !types.has(key)));
  const isKept = ({ source, target }: ExtractedFact | EndedRelation) =>
    !excluded.has(canonicalKey(source)) && !excluded.has(canonicalKey(target));
  return {
    ...extraction,
    entities,
    facts: extraction.facts.filter(isKept).map((fact) => fitFact(fact, factTypes, types)),
    ended: extraction.ended.filter(isKept),
  };
}

function byKey<T extends { readonly name: string }>(types: readonly T[], key: (name: string) => string) {
  return new Map(types.map((type) => [key(type.name), type]));
}

const typeKey = (type: string): string => type.trim().toLowerCase();
/** `works on` and `Works-On` are `WORKS_ON`. */
const relationKey = (relation: string): string =>
  relation
    .toUpperCase()
    .match(/[A-Z0-9]+/g)
    ?.join('_') ?? '';

function fitEntity(
  { attributes, ...entity }: ExtractedEntity,
  types: ReadonlyMap<string, EntityType>,
): ExtractedEntity {
  const type = types.get(typeKey(entity.type));
  const name = type?.name ?? (types.size === 0 ? entity.type : 'Entity');
  return { ...entity, type: name, ...validAttributes(attributes, type?.attributes) };
}

function fitFact(
  { attributes, ...fact }: ExtractedFact,
  factTypes: ReadonlyMap<string, FactType>,
  types: ReadonlyMap<string, string>,
): ExtractedFact {
  const type = factTypes.get(relationKey(fact.relation));
  if (!type) return fact;
  const [source, target] = [fact.source, fact.target].map((name) => types.get(canonicalKey(name)));
  const takes = (allowed: string, end: string | undefined) => allowed === 'Entity' || allowed === end;
  const isAllowed = type.ends.length === 0 || type.ends.some(([from, to]) => takes(from, source) && takes(to, target));
  return { ...fact, relation: type.name, ...(isAllowed && validAttributes(attributes, type.attributes)) };
}

/** Of several entities of one name the first own type counts, as when they are merged. */
function typesByName(entities: readonly ExtractedEntity[]): Map<string, string> {
  const types = new Map<string, string>();
  for (const { name, type } of entities)
    if ((types.get(canonicalKey(name)) ?? 'Entity') === 'Entity') types.set(canonicalKey(name), type);
  return types;
}

function validAttributes(stated: Given, attributes: readonly Attribute[] = []) {
  const values = stated !== null && typeof stated === 'object' ? stated : {};
  const valid = attributes.flatMap(({ name, read }): [string, AttributeValue][] => {
    const value = Object.hasOwn(values, name) ? read(values[name]) : undefined;
    return value === undefined ? [] : [[name, value]];
  });
  return valid.length > 0 && { attributes: Object.fromEntries(valid) };
}

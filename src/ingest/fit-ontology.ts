import type { EndedRelation, ExtractedEntity, ExtractedFact, Extraction } from '../models/language-model.ts';
import type { Attribute, AttributeValue, EntityType, FactType, Ontology } from '../ontology.ts';
import { sameKey } from './names.ts';

type Given = Readonly<Record<string, unknown>> | null | undefined;

/**
 * What of an extraction belongs into the graph of somebody with types of their own, whatever the model made of them:
 *
 * - an entity of a type that they do not have is an `Entity`; without any types of their own every type is kept;
 * - entities of excluded types are left out, with all that is said of them;
 * - relations are free: one that is no fact type is kept, and so is a fact type's name between ends that it does not allow,
 *   but without its attributes (as in Graphiti);
 * - attributes are those of the own type, with values that fit.
 */
export function fitOntology(extraction: Extraction, ontology: Ontology): Extraction {
  const entityTypes = byKey(ontology.entityTypes, typeKey);
  const factTypes = byKey(ontology.factTypes, relationKey);
  const typed = extraction.entities.map((entity) => fitEntity(entity, entityTypes));
  const [entities, left] = [[] as ExtractedEntity[], [] as ExtractedEntity[]];
  for (const entity of typed) (ontology.excludedTypes.includes(entity.type) ? left : entities).push(entity);
  const types = typesByName(entities);
  const gone = new Set(left.map(({ name }) => sameKey(name)).filter((key) => !types.has(key)));
  const stays = ({ source, target }: ExtractedFact | EndedRelation) =>
    !gone.has(sameKey(source)) && !gone.has(sameKey(target));
  return {
    ...extraction,
    entities,
    facts: extraction.facts.filter(stays).map((fact) => fitFact(fact, factTypes, types)),
    ended: extraction.ended.filter(stays),
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
  return { ...entity, type: name, ...fitting(attributes, type?.attributes) };
}

function fitFact(
  { attributes, ...fact }: ExtractedFact,
  factTypes: ReadonlyMap<string, FactType>,
  types: ReadonlyMap<string, string>,
): ExtractedFact {
  const type = factTypes.get(relationKey(fact.relation));
  if (!type) return fact;
  const [source, target] = [fact.source, fact.target].map((name) => types.get(sameKey(name)));
  const takes = (allowed: string, end: string | undefined) => allowed === 'Entity' || allowed === end;
  const isAllowed = type.ends.length === 0 || type.ends.some(([from, to]) => takes(from, source) && takes(to, target));
  return { ...fact, relation: type.name, ...(isAllowed && fitting(attributes, type.attributes)) };
}

/** Of several entities of one name the first with a type of its own tells, as it does where they are joined. */
function typesByName(entities: readonly ExtractedEntity[]): Map<string, string> {
  const types = new Map<string, string>();
  for (const { name, type } of entities)
    if ((types.get(sameKey(name)) ?? 'Entity') === 'Entity') types.set(sameKey(name), type);
  return types;
}

function fitting(given: Given, attributes: readonly Attribute[] = []) {
  const told = given !== null && typeof given === 'object' ? given : {};
  const known = attributes.flatMap(({ name, read }): [string, AttributeValue][] => {
    const value = Object.hasOwn(told, name) ? read(told[name]) : undefined;
    return value === undefined ? [] : [[name, value]];
  });
  return known.length > 0 && { attributes: Object.fromEntries(known) };
}

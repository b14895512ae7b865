import type { EndedRelation, ExtractedEntity, ExtractedFact, Extraction } from '../language-model.ts';
import { nameKey } from './clean.ts';

/**
 * Joins what was read in the parts of one episode: entities of the same name are one, spelled as at first, with the first
 * specific type and all attributes; duplicates are kept once.
 */
export function joinExtractions(parts: readonly Extraction[]): Extraction {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const entities = new Map<string, ExtractedEntity>();
  for (const entity of parts.flatMap((part) => part.entities))
    entities.set(nameKey(entity.name), joined(entities.get(nameKey(entity.name)), entity));
  const named = <T extends { source: string; target: string }>(relation: T): T => ({
    ...relation,
    source: entities.get(nameKey(relation.source))?.name ?? relation.source,
    target: entities.get(nameKey(relation.target))?.name ?? relation.target,
  });
  return {
    entities: [...entities.values()],
    facts: distinct(
      parts.flatMap((part) => part.facts.map(named)),
      factKey,
    ),
    ended: distinct(
      parts.flatMap((part) => part.ended.map(named)),
      endKey,
    ),
    notes: distinct(
      parts.flatMap((part) => part.notes ?? []),
      (note) => JSON.stringify(note),
    ),
    use: parts.flatMap(({ use = [] }) => use),
  };
}

function joined(known: ExtractedEntity | undefined, entity: ExtractedEntity): ExtractedEntity {
  if (!known) return entity;
  const type = known.type === 'Entity' ? entity.type : known.type;
  const attributes = { ...(entity.type === type && entity.attributes), ...known.attributes };
  return { name: known.name, type, ...(Object.keys(attributes).length > 0 && { attributes }) };
}

const factKey = ({ source, target, relation, fact, validAt, invalidAt }: ExtractedFact) =>
  JSON.stringify([source, target, relation, nameKey(fact), validAt, invalidAt]);
const endKey = ({ source, target, at }: EndedRelation) => JSON.stringify([source, target, at]);

function distinct<T>(items: readonly T[], key: (item: T) => string): T[] {
  const byKey = new Map<string, T>();
  for (const item of items) if (!byKey.has(key(item))) byKey.set(key(item), item);
  return [...byKey.values()];
}

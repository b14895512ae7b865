import type { GroupGraph } from '../graph/group-graph.ts';
import { findEntities, type StoredEntity } from '../graph/queries/find-entities.ts';
import type { Extracted } from './extract.ts';
import { derivedUuid, sameKey } from './names.ts';

export interface ResolvedEntity {
  readonly uuid: string;
  readonly name: string;
  /** The most specific label; `Entity` where nothing more is known. */
  readonly type: string;
}

export interface Resolution {
  /** The entity behind each name of the batch, by `sameKey`. */
  readonly byName: ReadonlyMap<string, ResolvedEntity>;
  readonly created: readonly ResolvedEntity[];
  /** Entities of the graph that had no type until now. */
  readonly typed: readonly ResolvedEntity[];
}

/**
 * Finds for every name of the batch the entity that the graph has for it, or makes one. Two names are one entity when
 * they differ in case and white space only. A known entity keeps its name and its type; one without type takes the new one.
 */
export async function resolveEntities(graph: GroupGraph, batch: readonly Extracted[]): Promise<Resolution> {
  const wanted = namedIn(batch);
  const stored = new Map<string, StoredEntity>();
  for (const entity of await findEntities(
    graph,
    [...wanted.values()].map(({ name }) => name),
  ))
    stored.set(sameKey(entity.name), earlier(stored.get(sameKey(entity.name)), entity));

  const byName = new Map<string, ResolvedEntity>();
  const created: ResolvedEntity[] = [];
  const typed: ResolvedEntity[] = [];
  for (const [key, { name, type }] of wanted) {
    const known = stored.get(key);
    if (!known) {
      const entity = { uuid: derivedUuid('entity', graph.group, key), name, type };
      created.push(entity);
      byName.set(key, entity);
      continue;
    }
    const knownType = known.labels.find((label) => label !== 'Entity');
    const entity = { uuid: known.uuid, name: known.name, type: knownType ?? type };
    if (!knownType && type !== 'Entity') typed.push(entity);
    byName.set(key, entity);
  }
  return { byName, created, typed };
}

function namedIn(batch: readonly Extracted[]): Map<string, { name: string; type: string }> {
  const names = new Map<string, { name: string; type: string }>();
  for (const { extraction } of batch)
    for (const entity of extraction.entities) {
      const key = sameKey(entity.name);
      const known = names.get(key);
      if (!known) names.set(key, { ...entity });
      else if (known.type === 'Entity') known.type = entity.type;
    }
  return names;
}

// Python may have left two entities of one name; always the same one of them is taken.
function earlier(known: StoredEntity | undefined, entity: StoredEntity): StoredEntity {
  return known && known.uuid < entity.uuid ? known : entity;
}

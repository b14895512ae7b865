import type { GroupGraph } from '../graph/group-graph.ts';
import { readAttributes } from '../graph/queries/entities.ts';
import type { Found } from './found.ts';

/** Adds what users' own types tell of each found fact and entity, with one query for all. */
export async function withAttributes(graph: GroupGraph, found: Found): Promise<Found> {
  const { facts, entities } = found;
  const entityUuids = (entities ?? []).map(({ uuid }) => uuid);
  if (facts.length + entityUuids.length === 0) return found;
  const known = await readAttributes(graph, entityUuids, facts);
  const added = <T extends { readonly uuid: string }>(row: T) => ({ ...row, attributes: known.get(row.uuid) ?? {} });
  return { ...found, facts: facts.map(added), ...(entities && { entities: entities.map(added) }) };
}

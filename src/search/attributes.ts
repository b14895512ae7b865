import type { GroupGraph } from '../graph/group-graph.ts';
import { readAttributes } from '../graph/queries/entities.ts';
import type { Found } from './found.ts';

/** Adds what users' own types tell of each found fact and entity, with one query for all. */
export async function withAttributes(graph: GroupGraph, found: Found): Promise<Found> {
  const { facts, entities } = found;
  const asked = (entities ?? []).map(({ uuid }) => uuid);
  if (facts.length + asked.length === 0) return found;
  const known = await readAttributes(graph, asked, facts);
  const added = <T extends { readonly uuid: string }>(it: T) => ({ ...it, attributes: known.get(it.uuid) ?? {} });
  return { ...found, facts: facts.map(added), ...(entities && { entities: entities.map(added) }) };
}

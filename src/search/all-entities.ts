import type { GroupGraph } from '../graph/group-graph.ts';
import { entityFits } from '../graph/queries/conditions.ts';
import { instant } from '../graph/queries/moment.ts';
import { listEntities } from '../graph/queries/search-entities.ts';
import { typeOf } from './found.ts';

/** More cannot be listed at once. */
const MOST = 1_000_000;

export interface Listing {
  /** In lower case. */
  readonly type: string | undefined;
  readonly asOf: Date | undefined;
  readonly knownAt: Date | undefined;
  readonly limit: number | undefined;
  readonly offset: number;
}

/** Entities in the order of their names. */
export async function findAllEntities(graph: GroupGraph, { type, asOf, knownAt, limit = MOST, offset }: Listing) {
  const filter = {
    ...(type !== undefined && { types: [type] }),
    ...(asOf && { asOf: instant(asOf) }),
    ...(knownAt && { knownAt: instant(knownAt) }),
  };
  // Pages cannot be counted off before the times were looked at again.
  const isTimed = asOf !== undefined || knownAt !== undefined;
  const rows = isTimed
    ? (await listEntities(graph, filter, 0, MOST))
        .filter((row) => entityFits(row, filter))
        .slice(offset, offset + limit)
    : await listEntities(graph, filter, offset, limit);
  return rows.map(({ uuid, name, labels, summary, attributes }) => ({
    name,
    type: typeOf(labels),
    uuid,
    summary,
    attributes: Object.fromEntries(attributes),
  }));
}

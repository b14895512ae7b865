import type { GroupGraph } from '../graph/group-graph.ts';
import { passesEntityFilter } from '../graph/queries/filter-conditions.ts';
import { listEntities } from '../graph/queries/search-entities.ts';
import { instant } from '../graph/queries/time-conditions.ts';
import { withCurrentSummaries } from './answer/current-summaries.ts';
import { typeOf } from './results.ts';

/** The longest list. */
const MOST = 1_000_000;

export interface ListOptions {
  /** In lower case. */
  readonly type: string | undefined;
  readonly asOf: Date | undefined;
  readonly knownAt: Date | undefined;
  readonly limit: number | undefined;
  readonly offset: number;
}

/** Entities in the order of their names, with their summaries as of `asOf`, by default now. */
export async function findAllEntities(graph: GroupGraph, { type, asOf, knownAt, limit = MOST, offset }: ListOptions) {
  const filter = {
    ...(type !== undefined && { types: [type] }),
    ...(asOf && { asOf: instant(asOf) }),
    ...(knownAt && { knownAt: instant(knownAt) }),
  };
  // Pages cannot be counted off before the times were looked at again.
  const isTimed = asOf !== undefined || knownAt !== undefined;
  const rows = isTimed
    ? (await listEntities(graph, filter, 0, MOST))
        .filter((row) => passesEntityFilter(row, filter))
        .slice(offset, offset + limit)
    : await listEntities(graph, filter, offset, limit);
  const moment = { asOf: instant(asOf ?? new Date()), ...(knownAt && { knownAt: instant(knownAt) }) };
  const current = await withCurrentSummaries(graph, rows, moment);
  return current.map(({ uuid, name, labels, summary, attributes }) => ({
    name,
    type: typeOf(labels),
    uuid,
    summary,
    attributes: Object.fromEntries(attributes),
  }));
}

import type { GroupGraph } from '../graph/group-graph.ts';
import { findEntitiesByName } from '../graph/queries/entities.ts';
import { episodeMetadata } from '../graph/queries/episodes.ts';
import type { DateRange, FactFilter } from '../graph/queries/filter-conditions.ts';
import { instant } from '../graph/queries/time-conditions.ts';

/** From `from` on and before `before`; `isSet` asks whether there is a date at all. */
export interface DateFilter {
  readonly from?: Date;
  readonly before?: Date;
  readonly isSet?: boolean;
}

/** Which facts (and what else, see `Scope`s) are looked for; all that is given must hold. */
export interface SearchFilters {
  /** Types of entities, in upper or lower case. A fact matches if its source or its target has one of the types. */
  readonly types?: readonly string[];
  /** Names of relations, in upper or lower case. */
  readonly relations?: readonly string[];
  /** Entities by name, alias or uuid; `about` is either end. */
  readonly source?: string;
  readonly target?: string;
  readonly about?: string;
  readonly validAt?: DateFilter;
  /** A filter on an end, or on when the end was learned, also finds facts that have ended. */
  readonly invalidAt?: DateFilter;
  readonly createdAt?: DateFilter;
  readonly expiredAt?: DateFilter;
  /** Metadata of an episode that states the fact: the same text, or a list that contains it. */
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
}

/** Filters as the methods take them. */
export interface ResolvedFilters {
  readonly fact: FactFilter;
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

const DATES = ['validAt', 'invalidAt', 'createdAt', 'expiredAt'] as const;

/** Looks up the entities that filters name; an unknown name finds nothing. */
export async function resolveFilters(graph: GroupGraph, filters: SearchFilters): Promise<ResolvedFilters> {
  const { types, relations, source, target, about, metadata = {} } = filters;
  const names = [source, target, about].filter((name) => name !== undefined);
  const called = names.length > 0 ? await findEntitiesByName(graph, names) : [];
  const uuids = (name: string) => called.filter(({ asked }) => asked === name).map(({ uuid }) => uuid);
  const dates = DATES.flatMap((field) => (filters[field] ? [range(field, filters[field])] : []));
  return {
    fact: {
      ...(types && { types: types.map((type) => type.toLowerCase()) }),
      ...(relations && { relations: relations.map((relation) => relation.toLowerCase()) }),
      ...(source !== undefined && { sources: uuids(source) }),
      ...(target !== undefined && { targets: uuids(target) }),
      ...(about !== undefined && { about: uuids(about) }),
      ...(dates.length > 0 && { dates }),
    },
    metadata: Object.entries(metadata).map(([key, value]) => [key, String(value)]),
  };
}

function range(field: DateRange['field'], { from, before, isSet }: DateFilter): DateRange {
  return {
    field,
    ...(from && { from: instant(from) }),
    ...(before && { before: instant(before) }),
    ...(isSet !== undefined && { isSet }),
  };
}

/** True for filters that ask about ends, so that what has ended must not be left out beforehand. */
export function filtersByEnd({ dates = [] }: FactFilter): boolean {
  return dates.some(({ field, isSet }) => (field === 'invalidAt' || field === 'expiredAt') && isSet !== false);
}

/** Pieces of JSON that metadata must contain to match: the part of the check that the graph can do. */
export function metadataFragments(metadata: ResolvedFilters['metadata']): string[] {
  return metadata.flatMap(([key, value]) => [`${JSON.stringify(key)}:`, JSON.stringify(value).slice(1, -1)]);
}

/** True for metadata, as JSON text, that contain all requested pairs. */
export function hasMetadata(json: string | undefined, expected: ResolvedFilters['metadata']): boolean {
  if (json === undefined) return false;
  const metadata = JSON.parse(json) as Record<string, unknown> | null;
  return expected.every(([key, value]) => {
    const given = metadata !== null && Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    return (Array.isArray(given) ? given : [given]).some(
      (item) => item !== undefined && (item === null || typeof item !== 'object') && String(item) === value,
    );
  });
}

/**
 * Returns a check whether any of the given episodes has the requested metadata; each episode is read once.
 * @returns for lists of episodes' uuids whether each list passes
 */
export function metadataCheck(graph: GroupGraph, expected: ResolvedFilters['metadata']) {
  const known = new Map<string, boolean>();
  return async (lists: readonly (readonly string[])[]): Promise<boolean[]> => {
    if (expected.length === 0) return lists.map(() => true);
    const unknown = [...new Set(lists.flat())].filter((uuid) => !known.has(uuid));
    const texts = unknown.length > 0 ? await episodeMetadata(graph, unknown) : new Map<string, string>();
    for (const uuid of unknown) known.set(uuid, hasMetadata(texts.get(uuid), expected));
    return lists.map((episodes) => episodes.some((uuid) => known.get(uuid)));
  };
}

import {
  type Conditions,
  type DateRange,
  dateCondition,
  dateParams,
  isWithin,
} from '../../../graph/queries/filter-conditions.ts';
import { type EpisodeRow, searchEpisodes } from '../../../graph/queries/search-episodes.ts';
import { isAfter, momentParams, notAfterOrMissing } from '../../../graph/queries/time-conditions.ts';
import { type SearchContext, withMetadata } from '../../search-context.ts';
import { searchWidening } from '../widening.ts';

/** What a filter's dates mean for an episode. */
const FIELDS = { validAt: 'referenceTime', createdAt: 'createdAt' } as const;

/**
 * Episodes whose text matches the query, with a reference time before `asOf` and stored before `knownAt`. An episode has metadata, a
 * reference time (`validAt`) and a creation time; a filter on anything else excludes all episodes.
 */
export async function findEpisodes(context: SearchContext, limit: number): Promise<EpisodeRow[]> {
  const { graph, names, moment, filter } = context;
  const { dates = [], ...others } = filter.fact;
  const fits = dates.every(({ field }) => field in FIELDS) && Object.keys(others).length === 0;
  if (names.length === 0 || !fits) return [];
  const conditions = episodeConditions(context, dates);
  const passing = (rows: EpisodeRow[]) =>
    withMetadata(
      context,
      rows.filter(
        (row) =>
          !isAfter(row.referenceTime, moment.asOf) &&
          !(moment.knownAt && isAfter(row.createdAt, moment.knownAt)) &&
          dates.every((range) => isWithin(row[FIELDS[range.field as keyof typeof FIELDS]], range)),
      ),
      ({ uuid }) => [uuid],
    );
  return searchWidening({
    fetch: (count, most) => searchEpisodes(graph, names, conditions, count, most),
    passing,
    limit,
  });
}

function episodeConditions({ moment }: SearchContext, dates: readonly DateRange[]): Conditions {
  return {
    text: [
      notAfterOrMissing('p.valid_at', 'asOf'),
      ...(moment.knownAt ? [notAfterOrMissing('p.created_at', 'knownAt')] : []),
      ...dates.map((range) => dateCondition(range.field === 'validAt' ? 'p.valid_at' : 'p.created_at', range)),
    ].join(' AND '),
    params: { ...momentParams(moment), ...Object.assign({}, ...dates.map(dateParams)) },
  };
}

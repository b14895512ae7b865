import {
  type CommunityRow,
  searchCommunitiesByVector,
  searchCommunitiesByWords,
} from '../../../graph/queries/communities.ts';
import { isWithin } from '../../../graph/queries/filter-conditions.ts';
import { isAfter } from '../../../graph/queries/time-conditions.ts';
import type { SearchContext } from '../../search-context.ts';
import type { SearchMethod } from '../recipes.ts';
import { MAX_FETCHED } from '../widening.ts';

/** The candidates of each method, best first. Of the filters only the date of creation fits a community. */
export async function findCommunities(
  context: SearchContext,
  methods: readonly SearchMethod[],
): Promise<CommunityRow[][]> {
  const { graph, names, vector, moment, filter, candidates } = context;
  const { dates = [], ...others } = filter.fact;
  const fits = dates.every(({ field }) => field === 'createdAt') && Object.keys(others).length === 0;
  if (!fits || filter.metadata.length > 0) return [];
  const lists = await Promise.all([
    methods.includes('words') && names.length > 0 ? searchCommunitiesByWords(graph, names, MAX_FETCHED) : [],
    methods.includes('vector') ? searchCommunitiesByVector(graph, vector, MAX_FETCHED) : [],
  ]);
  return lists.map((rows) =>
    rows
      .filter(({ createdAt }) => !(moment.knownAt && isAfter(createdAt, moment.knownAt)))
      .filter(({ createdAt }) => dates.every((range) => isWithin(createdAt, range)))
      .slice(0, candidates),
  );
}

import {
  type CommunityRow,
  searchCommunitiesByVector,
  searchCommunitiesByWords,
} from '../../graph/queries/communities.ts';
import { isWithin } from '../../graph/queries/conditions.ts';
import { isAfter } from '../../graph/queries/moment.ts';
import { WIDEST } from '../gather.ts';
import type { Method } from '../recipes.ts';
import type { SearchContext } from '../sought.ts';

/** The candidates of each method, best first. Of the filters only the date of creation fits a community. */
export async function findCommunities(context: SearchContext, methods: readonly Method[]): Promise<CommunityRow[][]> {
  const { graph, names, vector, moment, filter, candidates } = context;
  const { dates = [], ...others } = filter.fact;
  const fits = dates.every(({ field }) => field === 'createdAt') && Object.keys(others).length === 0;
  if (!fits || filter.metadata.length > 0) return [];
  const lists = await Promise.all([
    methods.includes('words') && names.length > 0 ? searchCommunitiesByWords(graph, names, WIDEST) : [],
    methods.includes('vector') ? searchCommunitiesByVector(graph, vector, WIDEST) : [],
  ]);
  return lists.map((rows) =>
    rows
      .filter(({ createdAt }) => !(moment.knownAt && isAfter(createdAt, moment.knownAt)))
      .filter(({ createdAt }) => dates.every((range) => isWithin(createdAt, range)))
      .slice(0, candidates),
  );
}

import type { GroupGraph } from '../graph/group-graph.ts';
import type { Instant, Moment } from '../graph/queries/moment.ts';
import type { ResolvedFilters } from './filters.ts';

/** Where a walk along facts begins and how far it goes. */
export interface Walk {
  /** uuids of entities or episodes; without them it begins at what the other methods found. */
  readonly from?: readonly string[];
  /** Facts in a row; default 2. The step from an episode to what it mentions counts too. */
  readonly depth?: 1 | 2 | 3;
  /** `out` follows facts only from source to target, as Graphiti does; default `both`. */
  readonly direction?: 'both' | 'out';
}

/** One search, as the methods see it. */
export interface SearchContext {
  readonly graph: GroupGraph;
  readonly query: string;
  /** Full-text queries for sentences and for names; none for a query without words. */
  readonly terms: readonly string[];
  readonly names: readonly string[];
  readonly vector: readonly number[];
  readonly moment: Moment;
  /** Set when the caller named a time; entities must have been mentioned by then. */
  readonly seenBy?: Instant | undefined;
  readonly filter: ResolvedFilters;
  /** See `metadataCheck`. */
  readonly toldBy: (episodes: readonly (readonly string[])[]) => Promise<boolean[]>;
  readonly walk: Walk;
  /** Candidates requested from each method. */
  readonly candidates: number;
}

/** Keeps the rows that have an episode with the requested metadata. */
export async function withMetadata<Row>(
  { filter, toldBy }: SearchContext,
  rows: Row[],
  episodes: (row: Row) => readonly string[],
): Promise<Row[]> {
  if (filter.metadata.length === 0) return rows;
  const passes = await toldBy(rows.map(episodes));
  return rows.filter((_, index) => passes[index]);
}

export type Sought = SearchContext;
export const told = withMetadata;

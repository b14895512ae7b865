import type { GroupGraph } from '../graph/group-graph.ts';
import type { Instant, Moment } from '../graph/queries/time-conditions.ts';
import type { ResolvedFilters } from './filters.ts';

/** Where a walk along facts begins and how far it goes. */
export interface GraphWalk {
  /** uuids of entities or episodes; by default the walk begins at the results of the other methods. */
  readonly from?: readonly string[];
  /** The number of steps; default 2. The step from an episode to an entity that it mentions also counts. */
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
  readonly mentionedBefore?: Instant | undefined;
  readonly filter: ResolvedFilters;
  /** See `metadataCheck`. */
  readonly passesMetadata: (episodes: readonly (readonly string[])[]) => Promise<boolean[]>;
  readonly walk: GraphWalk;
  /** Candidates requested from each method. */
  readonly candidates: number;
}

/** Keeps the rows that have an episode with the requested metadata. */
export async function withMetadata<Row>(
  { filter, passesMetadata }: SearchContext,
  rows: Row[],
  episodes: (row: Row) => readonly string[],
): Promise<Row[]> {
  if (filter.metadata.length === 0) return rows;
  const passes = await passesMetadata(rows.map(episodes));
  return rows.filter((_, index) => passes[index]);
}

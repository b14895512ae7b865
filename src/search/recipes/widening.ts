import { NO_TERM_LIMIT } from '../../graph/queries/term-search.ts';

const WIDER = 8;
/** Maximum number of candidates that are examined individually. */
export const MAX_FETCHED = 4096;
/** A term found in this many rows says little about any of them. */
export const COMMON_TERM_ROWS = 30;

export interface WideningSearch<Row> {
  /** The best `count`, of terms that fewer than `most` hold. */
  readonly fetch: (count: number, most: number) => Promise<Row[]>;
  /** Those of them that really pass, in their order. */
  readonly passing: (rows: Row[]) => Promise<Row[]>;
  readonly limit: number;
  /** Default: `COMMON_TERM_ROWS`. */
  readonly usual?: number;
  /** True when `fetch` filters rows after counting them, so that few rows do not mean that there are no others. */
  readonly isFiltered?: boolean;
}

/**
 * Asks for what rare terms find. Only where that is nothing, or some of it is left out and less than half of `limit` remains, more common
 * terms count too, and finally all of them.
 */
export async function searchWidening<Row>({
  fetch,
  passing,
  limit,
  usual = COMMON_TERM_ROWS,
  isFiltered = false,
}: WideningSearch<Row>): Promise<Row[]> {
  for (let [count, most] = [limit, usual]; ; count = Math.min(count * WIDER, MAX_FETCHED), most *= WIDER) {
    const isLast = count >= MAX_FETCHED;
    const rows = await fetch(count, isLast ? NO_TERM_LIMIT : most);
    const kept = await passing(rows);
    const enough = isFiltered || kept.length < rows.length ? limit / 2 : 1;
    if (kept.length >= enough || isLast) return kept.slice(0, limit);
  }
}

import { ANY_NUMBER } from '../graph/queries/each-term.ts';

const WIDER = 8;
/** More candidates are never looked at one by one. */
export const WIDEST = 4096;
/** A term found in this many rows says little about any of them. */
export const USUAL = 30;

export interface Gathering<Row> {
  /** The best `count`, of terms that fewer than `most` hold. */
  readonly fetch: (count: number, most: number) => Promise<Row[]>;
  /** Those of them that really pass, in their order. */
  readonly passing: (rows: Row[]) => Promise<Row[]>;
  readonly limit: number;
  /** Default: `USUAL`. */
  readonly usual?: number;
  /** True when `fetch` itself leaves some out after counting, so that few rows do not mean that there are no more. */
  readonly isFiltered?: boolean;
}

/**
 * Asks for what rare terms find. Only where that is nothing, or some of it is left out and less than half of `limit` remains, more common
 * terms count too, and finally all of them.
 */
export async function gather<Row>({
  fetch,
  passing,
  limit,
  usual = USUAL,
  isFiltered = false,
}: Gathering<Row>): Promise<Row[]> {
  for (let [count, most] = [limit, usual]; ; count = Math.min(count * WIDER, WIDEST), most *= WIDER) {
    const isLast = count >= WIDEST;
    const rows = await fetch(count, isLast ? ANY_NUMBER : most);
    const kept = await passing(rows);
    const enough = isFiltered || kept.length < rows.length ? limit / 2 : 1;
    if (kept.length >= enough || isLast) return kept.slice(0, limit);
  }
}

const WIDER = 8;
/** More candidates are never looked at one by one. */
export const WIDEST = 4096;

export interface Gathering<Row> {
  /** The best `count`; `isFirst` where it may make do with less for each word. */
  readonly fetch: (count: number, isFirst: boolean) => Promise<Row[]>;
  /** Those of them that really pass, in their order. */
  readonly passing: (rows: Row[]) => Promise<Row[]>;
  readonly wanted: number;
  /** True when `fetch` itself leaves some out after counting, so that few rows do not mean that there are no more. */
  readonly isSifted?: boolean;
}

/**
 * Asks a method that does not know all filters for more and more, until half of what is wanted passes or there is no more.
 * Where nothing is left out, it asks once.
 */
export async function gather<Row>({ fetch, passing, wanted, isSifted = false }: Gathering<Row>): Promise<Row[]> {
  for (let count = wanted; ; count = Math.min(count * WIDER, WIDEST)) {
    const isFirst = count === wanted;
    const rows = await fetch(count, isFirst);
    const kept = await passing(rows);
    const isAll = !isSifted && (isFirst ? kept.length === rows.length : rows.length < count);
    if (isAll || kept.length >= wanted / 2 || count >= WIDEST) return kept.slice(0, wanted);
  }
}

import { setParams } from './route.tsx';

interface PagesProps {
  /** Rows before this page. */
  readonly offset: number;
  /** Rows on this page. */
  readonly size: number;
  /** Rows on a full page. */
  readonly pageSize: number;
  readonly hasMore: boolean;
  /** Rows on all pages, if known. */
  readonly total?: number;
}

/** Buttons to the pages before and after; nothing for a list of one page. The address holds the offset as `from`. */
export function Pages({ offset, size, pageSize, hasMore, total }: PagesProps) {
  if (offset === 0 && !hasMore) return null;
  const go = (from: number) => setParams({ from: from > 0 ? String(from) : undefined });
  return (
    <nav class="pages" aria-label="Pages">
      <button type="button" disabled={offset === 0} onClick={() => go(Math.max(0, offset - pageSize))}>
        Earlier
      </button>
      <span>
        {(offset + 1).toLocaleString()} – {(offset + size).toLocaleString()}
        {total !== undefined && ` of ${total.toLocaleString()}`}
      </span>
      <button type="button" disabled={!hasMore} onClick={() => go(offset + pageSize)}>
        Later
      </button>
    </nav>
  );
}

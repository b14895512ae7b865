import type { PassageRow } from '../../../src/graph/queries/passages.ts';
import type { RankedPassage } from '../../../src/search/answer/ranking/rank.ts';

/** A passage of an episode, with what a test names. */
export function passageRow(row: Partial<PassageRow> & Pick<PassageRow, 'episode'>): PassageRow {
  const { episode, ordinal = 0 } = row;
  return {
    ...{ uuid: `${episode}-${ordinal}`, ordinal, source: '', start: 100 * ordinal, end: 100 * ordinal + 99 },
    ...{ kind: 'paragraph', role: null, asks: false, headings: [], session: null, terms: '', length: 1 },
    ...{ time: '2026-03-02T10:00:00+00:00', known: '2026-03-02T10:00:00+00:00' },
    ...row,
  };
}

export function rankedPassage(row: Parameters<typeof passageRow>[0], score: number): RankedPassage {
  return { passage: passageRow(row), signals: {} as RankedPassage['signals'], score };
}

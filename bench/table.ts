/** One figure and its target. */
export interface Row {
  readonly figure: string;
  readonly measured: string;
  readonly goal: string;
  readonly reached: boolean;
}

export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ figure, measured, goal, reached }) => `| ${figure} | ${measured} | ${goal} | ${reached ? 'yes' : 'no'} |`,
  );
  return ['| figure | measured | target | met |', '|---|---|---|---|', ...lines].join('\n');
}

export const inMilliseconds = (milliseconds: number): string =>
  milliseconds < 10 ? `${milliseconds.toFixed(2)} ms` : `${milliseconds.toFixed(1)} ms`;
export const asFactor = (ratio: number): string => `${ratio.toFixed(2)} ×`;

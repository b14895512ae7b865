import { appendFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFull } from './count.ts';

/** One row of docs/reliability.md: the run and its outcome. */
export interface Result {
  /** The number in the table. */
  readonly row: number;
  /** The run in words: `100 kills during 1,000 jobs`. */
  readonly ran: string;
  /** The outcome in words: `0 lost, 0 duplicates`. */
  readonly came: string;
  /** Duration in milliseconds. */
  readonly took: number;
  readonly figures?: Readonly<Record<string, number>>;
  /** A promised time in milliseconds. The table shows a longer time, but no test fails, since the machine may be busy. */
  readonly promised?: { readonly within: number; readonly took: number };
}

/** The folder for results of a full run; `scripts/reliability-table.ts` turns them into the table. */
export const resultsFolder = (): string | undefined =>
  process.env.FAULTS_RESULTS || (isFull ? join(tmpdir(), 'memory-manager-faults') : undefined);

/** Writes a result if there is a results folder. */
export function record(result: Result): void {
  const folder = resultsFolder();
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  const line = { ...result, full: isFull, at: new Date().toISOString() };
  appendFileSync(join(folder, `${String(result.row).padStart(2, '0')}.jsonl`), `${JSON.stringify(line)}\n`);
}

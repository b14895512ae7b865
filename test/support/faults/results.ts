import { appendFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFull } from './count.ts';

/** What one row of docs/reliability.md did and what came of it. */
export interface Result {
  /** The number in the table. */
  readonly row: number;
  /** In words: `100 kills during 1,000 jobs`. */
  readonly ran: string;
  /** In words: `0 lost, 0 duplicates`. */
  readonly came: string;
  /** Milliseconds that it took. */
  readonly took: number;
  readonly figures?: Readonly<Record<string, number>>;
  /** A time that is promised, in milliseconds. Beyond it no test fails, since the machine may be busy, but the table says so. */
  readonly promised?: { readonly within: number; readonly took: number };
}

/** Where the results of a full run are kept; `scripts/reliability-table.ts` makes the table of them. */
export const resultsFolder = (): string | undefined =>
  process.env.FAULTS_RESULTS || (isFull ? join(tmpdir(), 'memory-manager-faults') : undefined);

/** Notes a result, where results are kept. */
export function record(result: Result): void {
  const folder = resultsFolder();
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  const line = { ...result, full: isFull, at: new Date().toISOString() };
  appendFileSync(join(folder, `${String(result.row).padStart(2, '0')}.jsonl`), `${JSON.stringify(line)}\n`);
}

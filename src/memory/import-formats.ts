import type { EpisodeSource, Metadata } from '../episode.ts';
import type { FormatName } from '../import/format-type.ts';
import type { GroupOptions, WaitOptions } from './options.ts';

/** `auto` detects the format from the first line or element. */
export type ImportFormat = FormatName | 'auto';

export interface ImportOptions extends GroupOptions, Pick<WaitOptions, 'timeoutMs' | 'signal'> {
  /** True: skip invalid parts. Otherwise any error stops the import before anything is stored. */
  readonly skipBroken?: boolean;
  /** True: only check, and return what would be imported. */
  readonly dryRun?: boolean;
  /** Wait until everything is in the graph, part by part; `timeoutMs` applies to each episode. */
  readonly wait?: boolean;
  /** Reference time for data without one; default: now. */
  readonly referenceTime?: Date;
  /** Called with the finished share, from 0 to 1, of the check and then of the import. */
  readonly onProgress?: (share: number, step: 'check' | 'import') => void;
}

export interface ImportResult {
  /** The detected format; null for an empty input. */
  readonly format: FormatName | null;
  readonly dryRun: boolean;
  /** Episodes that are read. */
  readonly texts: number;
  /** Episodes that are stated facts, which no model reads. */
  readonly facts: number;
  /** The number of episodes and facts that were not in the queue before. */
  readonly added: number;
  /** The number of episodes and facts that were in the queue before or came twice. Valkey knows them for 30 days; later the worker skips known episodes. */
  readonly duplicates: number;
  /** Lines or elements that were skipped. */
  readonly skipped: number;
  /** The reasons for the first twenty skipped lines or elements. */
  readonly problems: readonly string[];
  /** With `wait`: how many failed, and why the first of them did. */
  readonly failed: number;
  readonly failure: string | null;
  /** The first five, as they are stored. */
  readonly examples: readonly ImportExample[];
}

export interface ImportExample {
  readonly group: string;
  readonly content: string;
  readonly source: EpisodeSource;
  readonly sourceDescription: string;
  readonly referenceTime: Date;
  readonly metadata: Metadata | null;
  readonly saga: string | null;
}

const PROBLEMS = 20;

/** The numbers of the result, while the import runs. */
export type ImportCounts = {
  -readonly [K in keyof Omit<ImportResult, 'format' | 'dryRun' | 'problems' | 'examples'>]: ImportResult[K];
} & {
  readonly problems: string[];
  readonly examples: ImportExample[];
};

export const newCounts = (): ImportCounts => ({
  ...{ texts: 0, facts: 0, added: 0, duplicates: 0, skipped: 0, problems: [], failed: 0, failure: null, examples: [] },
});

export function countSkipped(problem: string, counts: ImportCounts): void {
  counts.skipped += 1;
  if (counts.problems.length < PROBLEMS) counts.problems.push(problem);
}

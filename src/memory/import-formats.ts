import type { EpisodeSource, Metadata } from '../episode.ts';
import type { FormatName } from '../import/format.ts';
import type { GroupOptions, WaitOptions } from './options.ts';

/** `auto` tells it by what the first line or element looks like. */
export type ImportFormat = FormatName | 'auto';

export interface ImportOptions extends GroupOptions, Pick<WaitOptions, 'timeoutMs'> {
  /** True: skip invalid parts. Otherwise any error stops the import before anything is stored. */
  readonly skipBroken?: boolean;
  /** True: only check, and return what would be imported. */
  readonly dryRun?: boolean;
  /** Wait until everything is in the graph, part by part; `limit` applies to each episode. */
  readonly wait?: boolean;
  /** Reference time for data without one; default: now. */
  readonly referenceTime?: Date;
  /** Told the share that is done of the first look at all of it, and then of the import. */
  readonly onProgress?: (share: number, step: 'check' | 'import') => void;
}

export interface Imported {
  /** The detected format; null for an empty input. */
  readonly format: FormatName | null;
  readonly dryRun: boolean;
  /** Episodes that are read. */
  readonly texts: number;
  /** Episodes that are given facts, which no model reads. */
  readonly facts: number;
  /** How many of both were not in the queue before. */
  readonly added: number;
  /** How many were, or came twice; Valkey knows for 30 days, after that the graph passes over them. */
  readonly known: number;
  /** Lines or elements that were skipped. */
  readonly skipped: number;
  /** The first twenty reasons for that. */
  readonly problems: readonly string[];
  /** With `wait`: how many did not come into the graph, and why the first did not. */
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

/** What is counted on the way. */
export type Counts = {
  -readonly [K in keyof Omit<Imported, 'format' | 'dryRun' | 'problems' | 'examples'>]: Imported[K];
} & {
  readonly problems: string[];
  readonly examples: ImportExample[];
};

export const newCounts = (): Counts => ({
  ...{ texts: 0, facts: 0, added: 0, known: 0, skipped: 0, problems: [], failed: 0, failure: null, examples: [] },
});

export function passOver(problem: string, counts: Counts): void {
  counts.skipped += 1;
  if (counts.problems.length < PROBLEMS) counts.problems.push(problem);
}

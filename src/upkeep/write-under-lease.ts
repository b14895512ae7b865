import type { Redis } from 'ioredis';
import { StaleFenceError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { type Fenced, readFence } from '../graph/queries/fence.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { Task } from '../queue/jobs.ts';
import { shortened, wholeSentences } from '../text.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { Leases } from '../valkey/lease.ts';

/** What upkeep works with. */
export interface UpkeepParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly languageModel: LanguageModel;
  readonly embedder: Embedder;
  readonly forgetting: Forgetting;
  /** Gives a group's graph vectors of `embedder`; done by `src/archive`. */
  readonly reembed?: (group: string) => Promise<object>;
}

/** Done by `src/forget`. */
export interface Forgetting {
  forget(group: string, wanted: Extract<Task, { kind: 'forget' }>): Promise<object>;
  /** Copies tombstones to the archives, if that was not possible at once. */
  archive(group: string): Promise<object>;
}

/** Most characters of a summary, as in Graphiti. */
export const LONGEST_SUMMARY = 1000;

/** The first texts that fit into `budget` characters together; of a first one that does not fit alone, its beginning. */
export function firstThatFit(texts: readonly string[], budget: number): string[] {
  const kept: string[] = [];
  let left = budget;
  for (const text of texts) {
    if (text.length > left) break;
    kept.push(text);
    left -= text.length + 1;
  }
  return kept.length === 0 && texts[0] !== undefined ? [shortened(texts[0], budget)] : kept;
}

/** All texts, the longest of them shortened until they fit into `budget` characters together. */
export function evenly(texts: readonly string[], budget: number): string[] {
  const lengths = texts.map(({ length }) => length).sort((a, b) => a - b);
  let left = budget;
  let share = budget;
  for (const [place, length] of lengths.entries()) {
    share = Math.floor(left / (lengths.length - place));
    if (length > share) break;
    left -= length;
    share = length;
  }
  return texts.map((text) => shortened(text, Math.max(share, 1)));
}

/**
 * What a model said, fit for the graph: without characters that the stores cannot give back, and at most `length` long, cut
 * behind a sentence (`truncate_at_sentence` of graphiti_core) or, when the first is longer, behind a word.
 */
export function keptOf(text: string, length = LONGEST_SUMMARY): string {
  return wholeSentences(text.replaceAll('\0', '').toWellFormed().trim(), length);
}

/**
 * Takes the group's lease for one write, and makes every reader see it. `write` checks again what it was worked out from and
 * gives false when that, or the fence, is no longer so.
 * @throws StaleFenceError, after which the task is tried again from its beginning
 */
export async function writeUnderLease(
  { valkey, leases }: Pick<UpkeepParts, 'valkey' | 'leases'>,
  graph: GroupGraph,
  write: (fenced: Fenced) => Promise<boolean>,
): Promise<void> {
  const lease = await leases.take(graph.group);
  try {
    const seen = await readFence(graph);
    if (!lease.isHeld() || !(await write({ fence: lease.fence, seen })))
      throw new StaleFenceError(`The memory "${graph.group}" was changed meanwhile; this task is tried again.`);
    await raiseVersion(valkey, graph.group);
  } finally {
    await lease.release();
  }
}

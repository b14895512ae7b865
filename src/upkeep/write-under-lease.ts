import type { Redis } from 'ioredis';
import { StaleFenceError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { type Fenced, readFence } from '../graph/queries/fence.ts';
import type { SkipObservers } from '../models/embed-each.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { Task } from '../queue/jobs.ts';
import { truncated, truncatedToSentences } from '../text.ts';
import { replaceVersion } from '../valkey/keys.ts';
import type { Leases } from '../valkey/lease.ts';

/** The parts of upkeep. */
export interface UpkeepParts extends SkipObservers {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly languageModel: LanguageModel;
  readonly embedder: Embedder;
  readonly forgetting: Forgetter;
  /** Replaces the vectors of a group's graph by those of `embedder`; `src/archive` implements it. */
  readonly reembed?: (group: string) => Promise<object>;
}

/** Implemented by `src/forget`. */
export interface Forgetter {
  forget(group: string, wanted: Extract<Task, { kind: 'forget' }>): Promise<object>;
  forgetGroup(group: string): Promise<object>;
  expire(group: string): Promise<object>;
  /** Masks secrets in everything that is stored of the group. */
  redact(group: string): Promise<object>;
  /** Copies tombstones to the archives, if that was not possible at once. */
  archive(group: string): Promise<object>;
}

/** Maximum characters of a summary, as in Graphiti. */
export const LONGEST_SUMMARY = 1000;

/** The first texts that fit into `budget` characters together. If the first one alone does not fit, its beginning. */
export function takeWithinBudget(texts: readonly string[], budget: number): string[] {
  const kept: string[] = [];
  let left = budget;
  for (const text of texts) {
    if (text.length > left) break;
    kept.push(text);
    left -= text.length + 1;
  }
  return kept.length === 0 && texts[0] !== undefined ? [truncated(texts[0], budget)] : kept;
}

/** All texts, the longest of them shortened until they fit into `budget` characters together. */
export function shortenEvenly(texts: readonly string[], budget: number): string[] {
  const lengths = texts.map(({ length }) => length).sort((a, b) => a - b);
  let left = budget;
  let share = budget;
  for (const [place, length] of lengths.entries()) {
    share = Math.floor(left / (lengths.length - place));
    if (length > share) break;
    left -= length;
    share = length;
  }
  return texts.map((text) => truncated(text, Math.max(share, 1)));
}

/**
 * A model's text as the graph can store it: without characters that the stores cannot return, and at most `length` long, cut after a sentence
 * (`truncate_at_sentence` of graphiti_core) or, if the first sentence is longer, after a word.
 */
export function storableText(text: string, length = LONGEST_SUMMARY): string {
  return truncatedToSentences(text.replaceAll('\0', '').toWellFormed().trim(), length);
}

/**
 * Takes the group's lease for one write, and raises the version so that every reader sees it. `write` checks its inputs again and returns
 * false if they or the fence have changed.
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
      throw new StaleFenceError(`The memory "${graph.group}" was changed in the meantime; this task is tried again.`);
    await replaceVersion(valkey, graph.group);
  } finally {
    await lease.release();
  }
}

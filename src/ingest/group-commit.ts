import type { Redis } from 'ioredis';
import { isForeseen, isRetried, StaleFence } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import { takeLease } from '../valkey/lease.ts';
import type { Extracted } from './extract.ts';
import { write } from './write.ts';

/** Writes extracted episodes, many of one group together. */
export interface GroupCommit {
  /** Resolves once the episode's facts are in the graph and every reader sees them. */
  join(extracted: Extracted): Promise<void>;
}

const MOST_TOGETHER = 32;
/** What a batch may state, since each statement is compared with the others; an episode that states more goes alone. */
const MOST_STATED = 300;

interface Waiting {
  readonly extracted: Extracted;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Takes as many as are written together off the queue. */
function nextOf(queue: Waiting[]): Waiting[] {
  let stated = 0;
  const isTooMuch = ({ extracted }: Waiting, place: number) => {
    stated += extracted.extraction.facts.length;
    return place === MOST_TOGETHER || (place > 0 && stated > MOST_STATED);
  };
  const end = queue.findIndex(isTooMuch);
  return queue.splice(0, end < 0 ? queue.length : end);
}

/**
 * Group commit, as databases do: the first episode that comes takes the group's lease; whatever comes while it writes waits and
 * is written together next. An idle group makes nobody wait.
 */
export function openGroupCommit(
  graphs: Graphs,
  valkey: Redis,
  model: LanguageModel,
  onLong: (group: string) => void = () => {},
): GroupCommit {
  const waiting = new Map<string, Waiting[]>();

  async function drain(group: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      try {
        const lease = await takeLease(valkey, group);
        try {
          await settle(graphs.group(group), lease.fence, nextOf(queue));
        } finally {
          await lease.release();
        }
      } catch (error) {
        for (const { reject } of queue.splice(0)) reject(error);
      }
    }
    waiting.delete(group);
  }

  async function settle(graph: GroupGraph, fence: number, batch: readonly Waiting[]): Promise<void> {
    try {
      const extracted = batch.map((one) => one.extracted);
      const { isWritten, isLong } = await write(graph, model, fence, extracted);
      if (!isWritten)
        throw new StaleFence(`Another worker has taken over the memory "${graph.group}"; this episode is tried again.`);
      if (isLong) onLong(graph.group);
    } catch (error) {
      // One episode that cannot be written must not take the others with it.
      if (batch.length > 1 && !(isForeseen(error) && isRetried(error)))
        for (const one of batch) await settle(graph, fence, [one]);
      else for (const { reject } of batch) reject(error);
      return;
    }
    // Written they are; without the new version nobody would see it, so the jobs come again and raise it.
    try {
      await raiseVersion(valkey, graph.group);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    join: (extracted) =>
      new Promise((resolve, reject) => {
        const { group } = extracted.episode;
        const one = { extracted, resolve, reject };
        const queue = waiting.get(group);
        if (queue) queue.push(one);
        else {
          const fresh = [one];
          waiting.set(group, fresh);
          void drain(group, fresh);
        }
      }),
  };
}

import type { GroupGraph } from '../graph/group-graph.ts';
import { readMark } from '../graph/queries/fence.ts';
import type { JournalEntry } from '../journal/entry.ts';
import type { Journal } from '../journal/journal.ts';
import { isLater, planFrom, type Step, stepOf } from '../journal/plan.ts';

/**
 * What a journal holds, without what it writes.
 * @param lost id from which on its changes were made to a graph that had lost others
 */
export async function readSteps(journal: Journal, group: string, lost: string | null, after?: string): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const entry of journal.entries(group, after)) {
    const step = stepOf(entry);
    const isAbandoned = step.link !== null && lost !== null && !isLater(lost, step.id);
    steps.push(isAbandoned ? { ...step, isAbandoned } : step);
  }
  return steps;
}

export interface ReplayFrom {
  /** Id behind which changes are made again. What the graph has of them already changes nothing. */
  readonly after: string;
  /** Id up to which the graph has all changes behind a fence. */
  readonly since: string;
  /** See `readSteps`. */
  readonly lost: string | null;
}

export interface Replay {
  /** Makes the changes that were noted until now and gives how many were made in all. */
  advance(onProgress?: (share: number) => void): Promise<number>;
  /** How many could not be made, since the journal lacks what they follow on. */
  missing(): number;
  /** Sentences on entries that were refused. */
  refused(): string[];
  /** Ids of changes to a graph that had lost others, which are given up for them. */
  abandoned(): string[];
}

/**
 * Makes the changes of a group's journal once more. Each stands there with every value that it writes and the mark of the one that
 * it followed on, so the graph becomes what it was, and takes nothing that it had refused. No model is asked.
 * @param graph one that nobody else writes to
 * @param read the steps that were read already
 */
export async function openReplay(
  graph: GroupGraph,
  journal: Journal,
  read: readonly Step[],
  { after, since, lost }: ReplayFrom,
): Promise<Replay> {
  const steps = [...read];
  const start = await readMark(graph);
  let [cursor, made, refused] = [after, 0, 0];

  async function make({ query, params }: JournalEntry): Promise<void> {
    const rows = await graph.write(query, params);
    const isMade = rows.length > 0 || typeof params.mark !== 'string' || (await readMark(graph)).mark === params.mark;
    if (isMade) made += 1;
    else refused += 1;
  }

  return {
    async advance(onProgress = () => {}) {
      steps.push(...(await readSteps(journal, graph.group, lost, steps.at(-1)?.id)));
      const last = steps.at(-1)?.id;
      if (last === undefined) return made;
      const chain = new Set(planFrom(steps, await readMark(graph)).chain);
      let done = 0;
      for await (const entry of journal.entries(graph.group, cursor, last)) {
        const { link } = stepOf(entry);
        if (!entry.refused && (!link || chain.has(entry.id))) await make(entry);
        done += 1;
        onProgress(Math.min(done / steps.length, 1));
      }
      cursor = last;
      return made;
    },
    missing: () => planFrom(steps, start, since).orphans + refused,
    refused: () =>
      steps.flatMap(({ id, refused }) =>
        refused && isLater(id, after) ? [`The entry ${id} of the journal ${refused}, so it was left out.`] : [],
      ),
    abandoned: () => steps.filter(({ isAbandoned }) => isAbandoned).map(({ id }) => id),
  };
}

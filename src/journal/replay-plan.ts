import type { ChangeHead } from '../graph/queries/fence.ts';
import type { BaseArchive, JournalEntry } from './entry.ts';

/*
 * Which of a journal's changes a graph took, and in which order.
 *
 * A fenced change names its predecessor, so the changes of a group form a tree: normally one long path, with short branches. A change that
 * was refused, or not made because its worker died, has no successor. A graph that lost its last changes continues from an earlier one,
 * which begins a second branch (`lost-changes.ts`). A change that put an archive's graph in place (`base`) begins a new tree. The changes that a
 * graph took are the longest path from its head; of two equally long ones, the later.
 * Entries without a link, such as recorded episodes, need no order.
 */

/** An entry of the journal without its values. */
export interface ReplayStep {
  readonly id: string;
  /** Only for a fenced change. */
  readonly link: Link | null;
  readonly base: BaseArchive | null;
  /** True for a change to a graph that had lost others. A rebuild drops it to bring those back; see `lost-changes.ts`. */
  readonly isAbandoned?: boolean;
  readonly refused?: JournalEntry['refused'];
  /** The embedder of the vectors that follow; stored when a graph gets its indexes. */
  readonly embedder: { readonly model: string; readonly dimension: number } | null;
}

interface Link {
  readonly predecessor: ChangeHead;
  /** The head of the graph after the change. */
  readonly head: ChangeHead;
}

export interface ReplayPlan {
  /** Ids of the fenced changes that the graph took, in order. */
  readonly chain: readonly string[];
  /** Changes whose predecessor is missing in the journal. */
  readonly orphans: number;
  /** Changes after `since` that are not part of the chain, for any reason. */
  readonly skipped: number;
}

export function replayStep({ id, params, ...entry }: JournalEntry): ReplayStep {
  if (entry.refused) return { id, link: null, base: null, embedder: null, refused: entry.refused };
  const base = entry.base ?? null;
  const { fence, seen, after, mark, model, dimension } = params;
  const embedder = typeof model === 'string' && typeof dimension === 'number' ? { model, dimension } : null;
  if (typeof fence !== 'number' || typeof mark !== 'string') return { id, link: null, base, embedder };
  const isFirst = typeof seen !== 'number' || typeof after !== 'string';
  // The graph of an archive has no predecessor in this journal.
  const predecessor = isFirst ? { token: -1, changeId: id } : { token: seen, changeId: after };
  return { id, link: { predecessor, head: { token: fence, changeId: mark } }, base, embedder };
}

/**
 * Finds the changes that a graph at `from` takes.
 * @param steps in the order of the journal
 * @param since id up to which the graph has all changes
 */
export function replayPlan(steps: readonly ReplayStep[], from: ChangeHead, since = '0-0'): ReplayPlan {
  const chain = longestPathFrom(from, steps);
  const inChain = new Set(chain);
  const laterChanges = steps.filter(({ id, link }) => link !== null && isLaterEntry(id, since));
  return {
    chain,
    orphans: orphansAmong(steps, from).filter(({ id }) => isLaterEntry(id, since)).length,
    skipped: laterChanges.filter(({ id }) => !inChain.has(id)).length,
  };
}

function longestPathFrom(from: ChangeHead, steps: readonly ReplayStep[]): string[] {
  const next = longestPaths(steps.filter(({ isAbandoned }) => !isAbandoned));
  const ids: string[] = [];
  for (let path = next.get(keyOf(from)); path; path = next.get(keyOf(path.head))) ids.push(path.id);
  return ids;
}

/** Changes whose predecessor is neither `from`, an empty graph, nor an earlier change in the journal. */
function orphansAmong(steps: readonly ReplayStep[], from: ChangeHead): ReplayStep[] {
  const heads = new Set([keyOf(from), keyOf({ token: 0, changeId: '' })]);
  const orphans: ReplayStep[] = [];
  for (const step of steps) {
    if (!step.link || step.isAbandoned) continue;
    if (!step.base && !heads.has(keyOf(step.link.predecessor))) orphans.push(step);
    heads.add(keyOf(step.link.head));
  }
  return orphans;
}

interface Path {
  readonly id: string;
  readonly head: ChangeHead;
  readonly length: number;
}

/** For each head the first step of the longest path from it. Successors come later in the journal, so the loop runs from the end. */
function longestPaths(steps: readonly ReplayStep[]): Map<string, Path> {
  const paths = new Map<string, Path>();
  for (const { id, link } of steps.toReversed()) {
    if (!link) continue;
    const length = 1 + (paths.get(keyOf(link.head))?.length ?? 0);
    const key = keyOf(link.predecessor);
    if (length > (paths.get(key)?.length ?? 0)) paths.set(key, { id, head: link.head, length });
  }
  return paths;
}

/** Whether these changes were made to a graph that was at `from`. Another installation may have a group of the same name. */
export function journalHasHead(steps: readonly ReplayStep[], from: ChangeHead): boolean {
  const links = steps.flatMap(({ link }) => (link ? [link] : []));
  return (
    links.length === 0 ||
    links.some(({ predecessor, head }) => [predecessor, head].some((end) => keyOf(end) === keyOf(from)))
  );
}

/**
 * The last entry by which another graph was put in place. The replacement happened if the entry has a successor or is the last change;
 * otherwise its worker died before.
 */
export function lastBaseArchive(
  steps: readonly ReplayStep[],
): (ReplayStep & { readonly base: BaseArchive }) | undefined {
  const followed = new Set(steps.flatMap(({ link }) => (link ? [keyOf(link.predecessor)] : [])));
  const lastChange = steps.findLast(({ link }) => link !== null);
  return steps.findLast(
    (step): step is ReplayStep & { readonly base: BaseArchive } =>
      step.base !== null && step.link !== null && (followed.has(keyOf(step.link.head)) || step === lastChange),
  );
}

/**
 * The first change on the path to `changeId` that is not on the path to `taken`, although the graph had taken `taken`. Undefined when
 * `taken` is on the path, or when the journal does not reach back far enough.
 */
export function firstDivergentChange(
  steps: readonly ReplayStep[],
  changeId: string,
  taken: string,
): string | undefined {
  const byChangeId = stepsByChangeId(steps);
  if (!byChangeId.has(taken)) return undefined;
  const path = pathTo(changeId, byChangeId);
  if (path.some((step) => step.link?.head.changeId === taken || step.base)) return undefined;
  const takenPath = new Set(pathTo(taken, byChangeId));
  return path.findLast((step) => !takenPath.has(step))?.id;
}

/** Whether the graph took `changeId` before `later`, as far as the journal reaches back. */
export function isEarlierChange(steps: readonly ReplayStep[], changeId: string, later: string): boolean {
  if (changeId === later) return false;
  return pathTo(later, stepsByChangeId(steps)).some(
    ({ link }) => link?.head.changeId === changeId || link?.predecessor.changeId === changeId,
  );
}

/**
 * Ids of the changes that a graph at `from` lacks, in order: those up to `taken`, which the graph is known to have taken, and those that follow.
 * Undefined when the journal does not lead from the one to the other, as after a restore or when it does not reach back far enough.
 */
export function tailFrom(
  steps: readonly ReplayStep[],
  from: ChangeHead,
  taken: ChangeHead,
): readonly string[] | undefined {
  const path = pathTo(taken.changeId, stepsByChangeId(steps));
  const start = path.findIndex(({ link }) => link !== null && keyOf(link.predecessor) === keyOf(from));
  if (start < 0) return undefined;
  const upToTaken = path.slice(0, start + 1).reverse();
  // A change made just before the loss may not have been noted as taken.
  return [...upToTaken.map(({ id }) => id), ...longestPathFrom(taken, steps)];
}

/** Ids of the changes that a graph at `from` takes, in order. */
export const changesAfter = (steps: readonly ReplayStep[], from: ChangeHead): readonly string[] =>
  longestPathFrom(from, steps);

const stepsByChangeId = (steps: readonly ReplayStep[]) =>
  new Map(steps.flatMap((step) => (step.link ? [[step.link.head.changeId, step] as const] : [])));

/** From the change back to the earliest one in the journal. */
function pathTo(changeId: string, byChangeId: ReadonlyMap<string, ReplayStep>): ReplayStep[] {
  const path = new Set<ReplayStep>();
  let step = byChangeId.get(changeId);
  while (step && !path.has(step)) {
    path.add(step);
    step = byChangeId.get(step.link?.predecessor.changeId ?? '');
  }
  return [...path];
}

/** Whether an entry's id is that of a later entry than the other id. */
export function isLaterEntry(id: string, other: string): boolean {
  const [time = 0, place = 0] = id.split('-').map(Number);
  const [otherTime = 0, otherPlace = 0] = other.split('-').map(Number);
  return time > otherTime || (time === otherTime && place > otherPlace);
}

/** The id just before an entry's, after which a reading begins with that entry. */
export function previousId(id: string): string {
  const [time = 0, place = 0] = id.split('-').map(Number);
  return place > 0 ? `${time}-${place - 1}` : `${time - 1}-${Number.MAX_SAFE_INTEGER}`;
}

const keyOf = ({ token, changeId }: ChangeHead): string => `${token} ${changeId}`;

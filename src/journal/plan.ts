import type { ChangeHead } from '../graph/queries/fence.ts';
import type { Base, JournalEntry } from './entry.ts';

/** An entry of the journal without its values. */
export interface Step {
  readonly id: string;
  /** Only for a fenced change. */
  readonly link: Link | null;
  readonly base: Base | null;
  /** True for a change to a graph that had lost others. A rebuild drops it to bring those back; see `loss.ts`. */
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

export interface Plan {
  /** Ids of the fenced changes that the graph took, in order. */
  readonly chain: readonly string[];
  /** Changes whose predecessor is missing in the journal. */
  readonly orphans: number;
  /** Changes after `since` that are not part of the chain, for any reason. */
  readonly skipped: number;
}

export function stepOf({ id, params, ...entry }: JournalEntry): Step {
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
 * Finds the changes that a graph at `from` takes. Two changes may have the same predecessor: a change that was refused, or not made
 * because its worker died, leaves an entry without a successor; and a graph that lost its last changes continues from an earlier one.
 * So the longest path is the right one; of two equally long ones, the later.
 * @param steps in the order of the journal
 * @param since id up to which the graph has all changes
 */
export function planFrom(steps: readonly Step[], from: ChangeHead, since = '0-0'): Plan {
  const next = longestPaths(steps.filter(({ isAbandoned }) => !isAbandoned));
  const chain: string[] = [];
  for (let at = next.get(keyOf(from)); at; at = next.get(keyOf(at.head))) chain.push(at.id);
  const known = new Set([keyOf(from), keyOf({ token: 0, changeId: '' })]);
  const taken = new Set(chain);
  let [orphans, skipped] = [0, 0];
  for (const { id, link, base, isAbandoned } of steps) {
    if (!link) continue;
    if (isLater(id, since) && !taken.has(id)) skipped += 1;
    if (isAbandoned) continue;
    if (isLater(id, since) && !base && !known.has(keyOf(link.predecessor))) orphans += 1;
    known.add(keyOf(link.head));
  }
  return { chain, orphans, skipped };
}

interface Path {
  readonly id: string;
  readonly head: ChangeHead;
  readonly length: number;
}

/** For each head the first step of the longest path from it. Successors come later in the journal, so the loop runs from the end. */
function longestPaths(steps: readonly Step[]): Map<string, Path> {
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
export function belongsTo(steps: readonly Step[], from: ChangeHead): boolean {
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
export function lastBase(steps: readonly Step[]): (Step & { readonly base: Base }) | undefined {
  const followed = new Set(steps.flatMap(({ link }) => (link ? [keyOf(link.predecessor)] : [])));
  const lastChange = steps.findLast(({ link }) => link !== null);
  return steps.findLast(
    (step): step is Step & { readonly base: Base } =>
      step.base !== null && step.link !== null && (followed.has(keyOf(step.link.head)) || step === lastChange),
  );
}

/**
 * The first change on the path to `changeId` that is not on the path to `taken`, although the graph had taken `taken`. Undefined when
 * `taken` is on the path, or when the journal does not reach back far enough.
 */
export function findFork(steps: readonly Step[], changeId: string, taken: string): string | undefined {
  const byChangeId = new Map(steps.flatMap((step) => (step.link ? [[step.link.head.changeId, step] as const] : [])));
  const pathTo = (end: string): Step[] => {
    const path: Step[] = [];
    for (
      let step = byChangeId.get(end);
      step && !path.includes(step);
      step = byChangeId.get(step.link?.predecessor.changeId ?? '')
    )
      path.push(step);
    return path;
  };
  if (!byChangeId.has(taken)) return undefined;
  const [own, other] = [pathTo(changeId), new Set(pathTo(taken))];
  if (own.some((step) => step.link?.head.changeId === taken || step.base)) return undefined;
  return own.findLast((step) => !other.has(step))?.id;
}

/** Whether an id of an entry is that of a later one. */
export function isLater(id: string, other: string): boolean {
  const [one, two] = [id.split('-').map(Number), other.split('-').map(Number)];
  return (one[0] ?? 0) > (two[0] ?? 0) || (one[0] === two[0] && (one[1] ?? 0) > (two[1] ?? 0));
}

const keyOf = ({ token, changeId }: ChangeHead): string => `${token} ${changeId}`;

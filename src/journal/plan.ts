import type { Mark } from '../graph/queries/fence.ts';
import type { Base, JournalEntry } from './entry.ts';

/** What is known of an entry without what it writes. */
export interface Step {
  readonly id: string;
  /** Of a change behind a fence: what it followed on, and what it left behind. */
  readonly link: Link | null;
  readonly base: Base | null;
  /** True for a change to a graph that had lost others, and that a rebuild gives up for them; see `loss.ts`. */
  readonly isAbandoned?: boolean;
  readonly refused?: JournalEntry['refused'];
  /** Of the vectors that follow; noted when a graph gets its indexes. */
  readonly embedder: { readonly model: string; readonly dimension: number } | null;
}

interface Link {
  readonly after: Mark;
  readonly left: Mark;
}

export interface Plan {
  /** Ids of the changes behind a fence that the graph took, in their order. */
  readonly chain: readonly string[];
  /** Changes that follow on one that the journal does not hold. */
  readonly orphans: number;
  /** Changes later than `since` that are not part of the chain, whyever. */
  readonly aside: number;
}

export function stepOf({ id, params, ...entry }: JournalEntry): Step {
  if (entry.refused) return { id, link: null, base: null, embedder: null, refused: entry.refused };
  const base = entry.base ?? null;
  const { fence, seen, after, mark, model, dimension } = params;
  const embedder = typeof model === 'string' && typeof dimension === 'number' ? { model, dimension } : null;
  if (typeof fence !== 'number' || typeof mark !== 'string') return { id, link: null, base, embedder };
  const isFirst = typeof seen !== 'number' || typeof after !== 'string';
  // The graph of an archive follows on nothing that was here before.
  const before = isFirst ? { token: -1, mark: id } : { token: seen, mark: after };
  return { id, link: { after: before, left: { token: fence, mark } }, base, embedder };
}

/**
 * Which of the changes a graph took that is at `from`. Two may follow on the same one: a change that was refused, or never made
 * since its worker died, leaves its entry behind, and nothing ever follows on that; and a graph that lost its last changes goes on from an
 * earlier one. So the longest way is the right one, and of two as long ones the later.
 * @param steps in the order in which they were noted
 * @param since id up to which the graph has all anyway
 */
export function planFrom(steps: readonly Step[], from: Mark, since = '0-0'): Plan {
  const next = longestWays(steps.filter(({ isAbandoned }) => !isAbandoned));
  const chain: string[] = [];
  for (let at = next.get(keyOf(from)); at; at = next.get(keyOf(at.left))) chain.push(at.id);
  const known = new Set([keyOf(from), keyOf({ token: 0, mark: '' })]);
  const taken = new Set(chain);
  let [orphans, aside] = [0, 0];
  for (const { id, link, base, isAbandoned } of steps) {
    if (!link) continue;
    if (isLater(id, since) && !taken.has(id)) aside += 1;
    if (isAbandoned) continue;
    if (isLater(id, since) && !base && !known.has(keyOf(link.after))) orphans += 1;
    known.add(keyOf(link.left));
  }
  return { chain, orphans, aside };
}

interface Way {
  readonly id: string;
  readonly left: Mark;
  readonly length: number;
}

/** From each place the first step of the longest way. What follows on a step comes later, so they are gone through from the end. */
function longestWays(steps: readonly Step[]): Map<string, Way> {
  const ways = new Map<string, Way>();
  for (const { id, link } of steps.toReversed()) {
    if (!link) continue;
    const length = 1 + (ways.get(keyOf(link.left))?.length ?? 0);
    const key = keyOf(link.after);
    if (length > (ways.get(key)?.length ?? 0)) ways.set(key, { id, left: link.left, length });
  }
  return ways;
}

/** Whether a graph at `from` is one that these changes were made to. Another installation may have a group of the same name. */
export function areOf(steps: readonly Step[], from: Mark): boolean {
  const links = steps.flatMap(({ link }) => (link ? [link] : []));
  return links.length === 0 || links.some(({ after, left }) => [after, left].some((it) => keyOf(it) === keyOf(from)));
}

/**
 * The last entry that says that another graph was put in place. It was when anything follows on it, or nothing was changed since;
 * otherwise whoever noted it died before.
 */
export function lastBase(steps: readonly Step[]): (Step & { readonly base: Base }) | undefined {
  const followed = new Set(steps.flatMap(({ link }) => (link ? [keyOf(link.after)] : [])));
  const lastChange = steps.findLast(({ link }) => link !== null);
  return steps.findLast(
    (step): step is Step & { readonly base: Base } =>
      step.base !== null && step.link !== null && (followed.has(keyOf(step.link.left)) || step === lastChange),
  );
}

/**
 * The first change on the way to `mark` that is not on the way to `taken`, although the graph had taken that; undefined when `taken` is on
 * the way, or when the journal does not reach back far enough to tell.
 */
export function forkOf(steps: readonly Step[], mark: string, taken: string): string | undefined {
  const byMark = new Map(steps.flatMap((step) => (step.link ? [[step.link.left.mark, step] as const] : [])));
  const wayTo = (end: string): Step[] => {
    const way: Step[] = [];
    for (let step = byMark.get(end); step && !way.includes(step); step = byMark.get(step.link?.after.mark ?? ''))
      way.push(step);
    return way;
  };
  if (!byMark.has(taken)) return undefined;
  const [own, other] = [wayTo(mark), new Set(wayTo(taken))];
  if (own.some((step) => step.link?.left.mark === taken || step.base)) return undefined;
  return own.findLast((step) => !other.has(step))?.id;
}

/** Whether an id of an entry is that of a later one. */
export function isLater(id: string, other: string): boolean {
  const [one, two] = [id.split('-').map(Number), other.split('-').map(Number)];
  return (one[0] ?? 0) > (two[0] ?? 0) || (one[0] === two[0] && (one[1] ?? 0) > (two[1] ?? 0));
}

const keyOf = ({ token, mark }: Mark): string => `${token} ${mark}`;

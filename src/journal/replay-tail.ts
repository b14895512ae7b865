import type { Redis } from 'ioredis';
import { InvalidInputError, StaleFenceError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { CHECK_HEAD, type ChangeHead, createFence, readChangeHead, removeUnusedFence } from '../graph/queries/fence.ts';
import { readEmbedder } from '../graph/queries/meta-nodes.ts';
import { replaceVersion } from '../valkey/keys.ts';
import type { Lease } from '../valkey/lease.ts';
import { firstEntryForArchive, type Journal } from './journal.ts';
import { type LossState, lacksTail, readLossState, recordGraphHead, recordUnrepaired } from './lost-changes.ts';
import {
  changesAfter,
  firstDivergentChange,
  isEarlierChange,
  isLaterEntry,
  previousId,
  type ReplayStep,
  replayStep,
  tailFrom,
} from './replay-plan.ts';
import { findLatestChange } from './stream.ts';

/*
 * Brings a graph that lost its last changes back to where it was, in place, from the journal alone and without a model: FalkorDB failed over to
 * a replica that lacked them, or started from an older copy of its data. The graph is then at an earlier change of the journal, and
 * everything that it took afterwards is there too:
 * 1. Fenced changes from the graph's head to the change that it is known to have taken, each of which the graph takes only after its predecessor.
 * 2. Entries without a link (recorded episodes, passages, vectors), from ten minutes before the graph's head on. Repeating one changes nothing.
 * A rebuild (`archive/rebuild.ts`) is needed instead when the journal does not lead from the head to that change.
 */

/** `complete`: the graph lacks nothing that the journal has. `impossible`: only a rebuild restores it. */
export interface ReplayedTail {
  readonly outcome: 'complete' | 'impossible';
  /** Fenced changes that the graph lacked. */
  readonly changes: number;
}

/**
 * Called under the group's lease. @throws StaleFenceError when the lease was lost meanwhile, StoreUnreachableError and the like, after which it
 * may be called again
 */
export async function replayTail(
  valkey: Redis,
  journal: Journal,
  graph: GroupGraph,
  lease: Pick<Lease, 'isHeld'>,
): Promise<ReplayedTail> {
  const { group } = graph;
  const state = await readLossState(valkey, group);
  const head = await readChangeHead(graph);
  const steps = await readTailSteps(valkey, journal, group, state, head);
  const tail = tailOf(steps, head, state);
  if (tail === undefined) return impossible(valkey, graph, state);
  if (steps.length === 0) return { outcome: 'complete', changes: 0 };
  if (!(await readEmbedder(graph))) await createIndexes(graph, steps);
  checkHeld(lease, group);
  await createFence(graph);
  await apply(journal, graph, lease, head, neededSteps(steps, new Set(tail), firstToRepeat(steps, head)));
  const reached = await readChangeHead(graph);
  // The graph is another worker's, and so is what it lacks.
  checkHeld(lease, group);
  await removeUnusedFence(graph);
  const end = steps.find(({ id }) => id === tail.at(-1))?.link?.head;
  if (end && !isSameHead(reached, end)) return impossible(valkey, graph, state);
  if (state.lost !== null || tail.length > 0) await recordGraphHead(valkey, group, reached);
  await replaceVersion(valkey, group);
  return { outcome: 'complete', changes: tail.length };
}

/** A mark without a loss would be kept for the next loss, and the memory would go on without changes that the journal has. */
async function impossible(valkey: Redis, graph: GroupGraph, { lost }: LossState): Promise<ReplayedTail> {
  if (lost === null && (await lacksTail(valkey, graph.group, graph)) === 'no')
    return { outcome: 'complete', changes: 0 };
  await recordUnrepaired(valkey, graph.group);
  return { outcome: 'impossible', changes: 0 };
}

const isSameHead = (one: ChangeHead, other: ChangeHead): boolean =>
  one.token === other.token && one.changeId === other.changeId;

/** Of a graph without a loss only the end of the journal is read. */
async function readTailSteps(
  valkey: Redis,
  journal: Journal,
  group: string,
  { lost, taken }: LossState,
  head: ChangeHead,
): Promise<ReplayStep[]> {
  const isWhole = lost === null && taken !== undefined && isSameHead(head, taken);
  const own = isWhole ? await findLatestChange(valkey, group, head.changeId) : undefined;
  const steps: ReplayStep[] = [];
  for await (const entry of journal.entries(group, own && firstEntryForArchive(own))) steps.push(replayStep(entry));
  return steps;
}

/** Ids of the fenced changes that the graph lacks; undefined when the journal cannot show or restore them. */
function tailOf(
  steps: readonly ReplayStep[],
  head: ChangeHead,
  { lost, taken }: LossState,
): readonly string[] | undefined {
  // A change to the graph without the lost ones: they cannot be applied after it.
  const isBranched = lost !== null && steps.some(({ id, link }) => link !== null && !isLaterEntry(lost, id));
  if (isBranched) return undefined;
  const isBehind = taken !== undefined && isOlderHead(steps, head, taken);
  if (isBehind) return tailFrom(steps, head, taken);
  // An earlier replay of a loss may have ended anywhere, also after the change that is noted as taken.
  if (lost !== null) return changesAfter(steps, head);
  // Not every change is noted as taken: the graph is at that change, or ahead of it.
  const isDivergent = taken !== undefined && firstDivergentChange(steps, head.changeId, taken.changeId) !== undefined;
  return isDivergent ? undefined : [];
}

/** Lease numbers only rise. Of two changes of one lease the journal shows which was first. */
const isOlderHead = (steps: readonly ReplayStep[], head: ChangeHead, taken: ChangeHead): boolean =>
  head.token < taken.token || (head.token === taken.token && isEarlierChange(steps, head.changeId, taken.changeId));

/** Id of the entry after which entries without a link are repeated. */
function firstToRepeat(steps: readonly ReplayStep[], head: ChangeHead): string {
  const own = steps.find(({ link }) => link?.head.changeId === head.changeId)?.id;
  // What was recorded before a restore was replaced by the archive.
  const bases = steps.flatMap(({ id, base }) =>
    base ? [base.goesOnAfter === undefined ? id : firstEntryForArchive(base.goesOnAfter)] : [],
  );
  const bounds = [...bases, ...(own === undefined ? [] : [firstEntryForArchive(own)])];
  return bounds.reduce((latest, bound) => (isLaterEntry(bound, latest) ? bound : latest), '0-0');
}

const neededSteps = (steps: readonly ReplayStep[], tail: ReadonlySet<string>, after: string): readonly ReplayStep[] =>
  steps.filter(({ id, link, refused }) => !refused && (link ? tail.has(id) : isLaterEntry(id, after)));

/**
 * An entry that was read may be forgotten before it is written, if this process is frozen in between and another takes the lease. What forgets
 * it changes the head or deletes the graph, so each write is bound to the head that the writes before it have left.
 */
async function apply(
  journal: Journal,
  graph: GroupGraph,
  lease: Pick<Lease, 'isHeld'>,
  from: ChangeHead,
  needed: readonly ReplayStep[],
): Promise<void> {
  const [first, last] = [needed[0]?.id, needed.at(-1)?.id];
  if (first === undefined) return;
  const byId = new Map(needed.map((step) => [step.id, step]));
  let head = from;
  for await (const { id, query, params } of journal.entries(graph.group, previousId(first), last)) {
    const step = byId.get(id);
    if (!step) continue;
    checkHeld(lease, graph.group);
    const bound = { ...params, headToken: head.token, headChangeId: head.changeId };
    await graph.write(`${CHECK_HEAD} ${query}`, bound);
    head = step.link?.head ?? head;
  }
}

function checkHeld(lease: Pick<Lease, 'isHeld'>, group: string): void {
  if (lease.isHeld()) return;
  throw new StaleFenceError(`Another worker has taken over the memory "${group}"; its journal is replayed again.`);
}

/** A graph without its embedder may lack indexes, and the journal has the embedder but not the indexes. */
async function createIndexes(graph: GroupGraph, steps: readonly ReplayStep[]): Promise<void> {
  const embedder = steps.find((step) => step.embedder)?.embedder;
  if (!embedder) return;
  await graph.prepareAgain({
    ...embedder,
    embed: () => Promise.reject(new InvalidInputError('The journal holds vectors; nothing is embedded.')),
    close: async () => {},
  });
}

import type { GroupGraph } from '../../graph/group-graph.ts';
import { type ChangeHead, readChangeHead } from '../../graph/queries/fence.ts';
import { storedStatements } from '../../graph/queries/statements.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { planRedaction, type RedactionPlan } from './plan.ts';

/** A plan that was computed without the lease, so that others could commit meanwhile. */
export interface OptimisticPlan {
  readonly plan: RedactionPlan;
  /** The graph's last change, before and after it was read. */
  readonly head: ChangeHead;
  /** How many secrets were known. */
  readonly secrets: number;
}

/** In a memory that changes all the time every plan would be outdated; it is then made under the lease. */
const ATTEMPTS = 2;

/** @param learn learns the secrets of texts that are not in the graph yet; called before the graph is read */
export async function planOptimistically(
  graph: GroupGraph,
  known: KnownSecrets,
  learn: () => Promise<unknown>,
): Promise<OptimisticPlan | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const head = await readChangeHead(graph);
    // Changes without an id, such as those of another program, would not be noticed.
    if (head.changeId === '') return undefined;
    await learn();
    const plan = await planRedaction(graph, known);
    const ahead = { plan, head, secrets: known.size() };
    if (await isPlanCurrent(ahead, graph, known)) return ahead;
  }
  return undefined;
}

/**
 * True under the lease if the same plan would be made now: nothing was committed, no other secret was learned, and no worker added a model's
 * statements to an episode that is masked, which would be lost.
 */
export async function isPlanCurrent(
  { plan, head, secrets }: OptimisticPlan,
  graph: GroupGraph,
  known: KnownSecrets,
): Promise<boolean> {
  const { token, changeId } = await readChangeHead(graph);
  const isSame = token === head.token && changeId === head.changeId && known.size() === secrets;
  return isSame && !(await hasNewStatements(graph, plan));
}

async function hasNewStatements(graph: GroupGraph, { repeating, recognised, statements }: RedactionPlan) {
  for (const { maskedEpisodes } of [...repeating, ...recognised]) {
    const uuids = maskedEpisodes.map(({ uuid }) => uuid);
    if ((await storedStatements(graph, uuids)).some(({ uuid }) => !statements.has(uuid))) return true;
  }
  return false;
}

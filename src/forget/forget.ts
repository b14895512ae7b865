import type { ArchiveStore } from '../archive/stores/store.ts';
import { isForeseen, StaleFenceError } from '../errors.ts';
import type { Commit } from '../graph/changes.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { commit } from '../graph/queries/commit.ts';
import type { Embedder } from '../models/embedder.ts';
import { forgetAnswers } from '../reader/cache.ts';
import { toGraphTime } from '../time.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { type Elsewhere, type ForgetStores, forgetOutsideGraph } from './outside-graph.ts';
import { type ForgetPlan, planForget } from './plan.ts';
import type { ForgetEffects, ForgetTargets } from './targets.ts';
import { archiveTombstones, isForgotten, readTombstones, storeTombstones, tombstonesOf } from './tombstones.ts';

/** What was forgotten, as uuids only, since it is stored for a while as the task's result. */
export interface ForgottenUuids extends ForgetEffects {
  readonly elsewhere: Elsewhere;
  /** Whether the tombstones are stored beside the archives, so that a restore does not bring it back; `waits` while they are away. */
  readonly archives: 'noted' | 'waits';
}

export interface Forgetting {
  /** @throws StaleFenceError, StoreUnreachableError, ModelUnavailableError, ModelFailedError (retried) */
  forget(group: string, targets: ForgetTargets): Promise<ForgottenUuids>;
  /** Copies the tombstones in Valkey to the archives. @throws ArchiveUnavailableError, ConfigError (retried) */
  archive(group: string): Promise<object>;
  /** Whether the episode has a tombstone. */
  isForgotten(group: string, episode: string): Promise<boolean>;
  /** Removes data of an episode that was created while it was being forgotten. */
  sweepEpisode(group: string, episode: string): Promise<void>;
}

export interface ForgettingParts extends ForgetStores {
  readonly graphs: Graphs;
  readonly leases: Leases;
  readonly embedder: Embedder;
  /** Opened when needed, since its settings may be wrong. */
  readonly archives: () => Promise<ArchiveStore>;
  /** Called when the archives could not be reached, so that the tombstones are copied later. */
  readonly onLater: (group: string) => Promise<void>;
  /** Called when a rebuilt summary has reached its length limit. Default: nothing. */
  readonly onLong?: (group: string) => void;
}

/** Most episodes that one commit forgets. */
const MAX_EPISODES = 256;

/**
 * Brings a group into the state it would have without some episodes, facts or entities. Facts that other episodes state stay, in their
 * wording; facts that only the forgotten ones had ended hold again. A second call changes nothing.
 */
export function openForgetting(parts: ForgettingParts): Forgetting {
  const { graphs, valkey, leases } = parts;

  async function forgetPart(group: string, targets: ForgetTargets): Promise<ForgottenUuids> {
    const graph = graphs.group(group);
    const lease = await leases.take(group);
    try {
      const now = new Date();
      const plan = await planForget(graph, targets, now);
      const { effects, redactions } = plan;
      const changes = await withVectors(plan.changes, async () => {
        await graph.checkNow(parts.embedder);
        return parts.embedder;
      });
      // Tombstones come first: a failure after this is retried, and nothing is restored meanwhile.
      await storeTombstones(valkey, group, tombstonesOf(plan, targets.entities, lease.fence));
      const episodes = changes.removedEpisodes.map(({ uuid }) => uuid);
      const swept = await forgetOutsideGraph(parts, group, episodes, effects.telling, redactions);
      await commitUnderLease(lease, graph, plan, changes, now);
      await raiseVersion(valkey, group);
      await graphs.forgetQueries(group);
      // They may contain vectors of forgotten texts.
      await graphs.dropKept(group);
      const cached = await forgetAnswers(valkey, group);
      if (changes.summaries.some(({ isLong }) => isLong)) parts.onLong?.(group);
      return { ...effects, elsewhere: { ...swept, cached }, archives: await noteInArchives(group) };
    } finally {
      await lease.release();
    }
  }

  async function noteInArchives(group: string): Promise<'noted' | 'waits'> {
    try {
      await archiveTombstones(await parts.archives(), group, await readTombstones(valkey, group));
      return 'noted';
    } catch (error) {
      if (!isForeseen(error)) throw error;
      await parts.onLater(group);
      return 'waits';
    }
  }

  return {
    async forget(group, targets) {
      const results: ForgottenUuids[] = [];
      for (const part of partsOf(targets)) results.push(await forgetPart(group, part));
      return results.reduce(combined);
    },
    async archive(group) {
      const lease = await leases.take(group);
      try {
        await archiveTombstones(await parts.archives(), group, await readTombstones(valkey, group));
        return {};
      } finally {
        await lease.release();
      }
    },
    isForgotten: (group, episode) => isForgotten(valkey, group, episode),
    async sweepEpisode(group, episode) {
      const NONE: ReadonlySet<string> = new Set();
      const redactions = {
        removed: new Set([episode]),
        resummarized: NONE,
        reworded: NONE,
        words: NONE,
        masked: new Map(),
      };
      await forgetOutsideGraph(parts, group, [episode], [], redactions);
    },
  };
}

async function commitUnderLease(
  lease: Lease,
  graph: GroupGraph,
  { seen }: ForgetPlan,
  changes: ForgetPlan['changes'],
  now: Date,
): Promise<void> {
  const fenced: Commit = { ...changes, fence: lease.fence, seen, now: toGraphTime(now) };
  if (lease.isHeld() && (await commit(graph, fenced))) return;
  throw new StaleFenceError(`The memory "${graph.group}" was changed meanwhile; this is tried again.`);
}

/** Adds the vectors of new wordings and names; most calls need none. */
export async function withVectors(
  changes: ForgetPlan['changes'],
  embedder: () => Promise<Embedder>,
): Promise<ForgetPlan['changes']> {
  const { rewordedFacts, renamedEntities, maskedVectors } = changes;
  const texts = [
    ...new Set([
      ...rewordedFacts.map(({ fact }) => fact),
      ...renamedEntities.map(({ name }) => name),
      ...maskedVectors.map(({ text }) => text),
    ]),
  ];
  const vectors = texts.length > 0 ? await (await embedder()).embed(texts) : [];
  // Float32, as in the graph.
  const vectorOf = new Map(texts.map((text, place) => [text, (vectors[place] ?? []).map(Math.fround)]));
  return {
    ...changes,
    rewordedFacts: rewordedFacts.map((it) => ({ ...it, embedding: vectorOf.get(it.fact) ?? [] })),
    renamedEntities: renamedEntities.map((it) => ({ ...it, embedding: vectorOf.get(it.name) ?? [] })),
    maskedVectors: maskedVectors.map((it) => ({ ...it, embedding: vectorOf.get(it.text) ?? [] })),
  };
}

function partsOf(targets: ForgetTargets): ForgetTargets[] {
  const { episodes } = targets;
  const parts = [{ ...targets, episodes: episodes.slice(0, MAX_EPISODES) }];
  for (let start = MAX_EPISODES; start < episodes.length; start += MAX_EPISODES)
    parts.push({ ...targets, facts: [], entities: [], episodes: episodes.slice(start, start + MAX_EPISODES) });
  return parts;
}

function combined(one: ForgottenUuids, other: ForgottenUuids): ForgottenUuids {
  const sum = <T extends object>(a: T, b: T): T =>
    Object.fromEntries(
      Object.entries(a).map(([name, value]) => {
        const more = b[name as keyof T] as never;
        if (typeof value === 'number') return [name, value + more];
        return [name, Array.isArray(value) ? [...value, ...(more as unknown[])] : value];
      }),
    ) as T;
  const archives = [one, other].some((it) => it.archives === 'waits') ? 'waits' : 'noted';
  return { ...sum(one, other), elsewhere: sum(one.elsewhere, other.elsewhere), archives };
}

import type { Queue } from 'bullmq';
import type { ArchiveStore } from '../archive/stores/archive-store.ts';
import { isOperationalError, StaleFenceError } from '../errors.ts';
import type { CommitChanges } from '../graph/commit-changes.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { commit } from '../graph/queries/commit.ts';
import { expiredEpisodes, findEpisode } from '../graph/queries/episodes.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Embedder } from '../models/embedder.ts';
import { clearCache } from '../reader/cache.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { toGraphTime } from '../time.ts';
import { replaceVersion } from '../valkey/keys.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { embedNewTexts } from './embed-new-texts.ts';
import { type RemovedGroup, removeGroup } from './forget-group.ts';
import { type ForgetStores, forgetOutsideGraph, type RemovedCopies } from './outside-graph.ts';
import { type ForgetEffects, type ForgetPlan, type ForgetTargets, planForget } from './plan.ts';
import { type MaskedGroup, redactGroup } from './redact/redact-group.ts';
import {
  archiveTombstones,
  isForgotten,
  REDACTED_TOMBSTONE,
  readTombstones,
  storeTombstones,
  tombstonesOf,
} from './tombstones.ts';

/** The forgotten content as uuids only, since the result of the task is stored for a while. */
export interface ForgottenUuids extends ForgetEffects {
  readonly elsewhere: RemovedCopies;
  /** Whether the tombstones are stored beside the archives, so that a restore does not bring it back; `waits` while they are away. */
  readonly archives: 'noted' | 'waits';
}

/** The masked content; see `MaskedGroup`. */
export interface RedactedGroup extends MaskedGroup {
  readonly archives: 'noted' | 'waits';
}

export interface Forgetting {
  /** @throws StaleFenceError, StoreUnreachableError, ModelUnavailableError, ModelFailedError (retried) */
  forget(group: string, targets: ForgetTargets): Promise<ForgottenUuids>;
  /** Copies the tombstones in Valkey to the archives. @throws ArchiveUnavailableError, ConfigError (retried) */
  archive(group: string): Promise<object>;
  /** Whether the episode has a tombstone. */
  isForgotten(group: string, episode: string): Promise<boolean>;
  /** Forgets everything of the group. @throws StaleFenceError while jobs of the group are active (tried again) */
  forgetGroup(group: string): Promise<RemovedGroup>;
  /** Forgets the episodes that have expired, in parts, so that a later attempt continues. @returns how many */
  expire(group: string): Promise<{ readonly episodes: number }>;
  /**
   * Masks the secrets that today's rules find in everything that is stored of the group.
   * @throws StaleFenceError while a worker reads an episode with a secret (tried again)
   */
  redact(group: string): Promise<RedactedGroup>;
  /** Removes data of an episode that was created while the episode or its group was being forgotten. */
  sweepEpisode(group: string, episode: string): Promise<void>;
}

export interface ForgettingParts extends ForgetStores {
  /** The queue `export`. */
  readonly exportQueue: Queue;
  /** Prefix of BullMQ's keys. */
  readonly queuePrefix: string;
  readonly graphs: Graphs;
  readonly leases: Leases;
  readonly embedder: Embedder;
  /** Opened when needed, since its settings may be wrong. */
  readonly archives: () => Promise<ArchiveStore>;
  /** Called when the archives could not be reached, so that the tombstones are copied later. */
  readonly onLater: (group: string) => Promise<void>;
  readonly metrics?: Metrics;
  /** Called when a rebuilt summary has reached its length limit. Default: nothing. */
  readonly onLong?: (group: string) => void;
}

const NO_TARGETS: ForgetTargets = { episodes: [], facts: [], entities: [], withEpisodes: false };
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
      const changes = await embedNewTexts(plan.changes, async () => {
        await graph.checkNow(parts.embedder);
        return parts.embedder;
      });
      // Tombstones come first: a failure after this is retried, and nothing is restored meanwhile.
      await storeTombstones(valkey, group, tombstonesOf(plan, targets.entities, lease.fence));
      const episodes = changes.removedEpisodes.map(({ uuid }) => uuid);
      const swept = await forgetOutsideGraph(parts, group, episodes, effects.telling, redactions);
      await commitUnderLease(lease, graph, plan, changes, now);
      await replaceVersion(valkey, group);
      await graphs.forgetQueries(group);
      // They may contain vectors of forgotten texts.
      await graphs.dropCheckpoints(group);
      const cached = await clearCache(valkey, group);
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
      if (!isOperationalError(error)) throw error;
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
    async expire(group) {
      const expired = await expiredEpisodes(graphs.group(group), new Date());
      for (let start = 0; start < expired.length; start += MAX_EPISODES) {
        const episodes = expired.slice(start, start + MAX_EPISODES);
        await forgetPart(group, { ...NO_TARGETS, episodes });
        parts.metrics?.increment('opencode.memory.episodes.expired', { group }, episodes.length);
      }
      return { episodes: expired.length };
    },
    forgetGroup: (group) => removeGroup({ ...parts, queues: [parts.queue, parts.exportQueue] }, group),
    async redact(group) {
      const note = (lease: Lease) => storeTombstones(valkey, group, new Map([[REDACTED_TOMBSTONE, lease.fence]]));
      return { ...(await redactGroup(parts, group, note)), archives: await noteInArchives(group) };
    },
    isForgotten: (group, episode) => isForgotten(valkey, group, episode),
    async sweepEpisode(group, episode) {
      // A worker that was frozen while the whole group was forgotten may have recorded the episode in the new, empty graph.
      if ((await findEpisode(graphs.group(group), episode)).length > 0) {
        await forgetPart(group, { ...NO_TARGETS, episodes: [episode] });
        return;
      }
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

/**
 * Ingests an episode unless it was forgotten, and removes its data if it was forgotten during the ingestion. The error of such an
 * ingestion is dropped, since it may contain forgotten text.
 */
export function ingestUnlessForgotten(ingest: Ingest, { isForgotten, sweepEpisode }: Forgetting): Ingest {
  return async (episode) => {
    const { group, uuid } = episode;
    const isDeleted = () => isForgotten(group, uuid);
    if (!(await isDeleted()))
      await ingest(episode).catch(async (error: unknown) => {
        if (!(await isDeleted())) throw error;
      });
    if (await isDeleted()) await sweepEpisode(group, uuid);
  };
}

async function commitUnderLease(
  lease: Lease,
  graph: GroupGraph,
  { seen }: ForgetPlan,
  changes: ForgetPlan['changes'],
  now: Date,
): Promise<void> {
  const fenced: CommitChanges = { ...changes, fence: lease.fence, seen, now: toGraphTime(now) };
  if (lease.isHeld() && (await commit(graph, fenced))) return;
  throw new StaleFenceError(`The memory "${graph.group}" was changed in the meantime; this is tried again.`);
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
  const archives = [one, other].some((part) => part.archives === 'waits') ? 'waits' : 'noted';
  return { ...sum(one, other), elsewhere: sum(one.elsewhere, other.elsewhere), archives };
}

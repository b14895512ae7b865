import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Graphs } from '../graph/graphs.ts';
import { doneEpisodes } from '../graph/queries/record.ts';
import { type Carrier, carrier } from '../telemetry/carrier.ts';
import { tracer } from '../telemetry/tracer.ts';
import { SECOND } from '../time.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import type { BatchWriter } from './batch.ts';
import type { Extracted } from './extract.ts';
import {
  type CommitOutcome,
  deserializeFailure,
  type OwnEpisode,
  type OwnEpisodes,
  type PendingBatch,
} from './pending-batch.ts';
import { type Stages, tagsOf } from './stages.ts';

/** Writes extracted episodes, many of one group together, also those of other workers. */
export interface GroupCommit {
  /** Resolves once the episode's facts are in the graph and every reader sees them. Not called for an episode that is pending already. */
  join(extracted: Extracted): Promise<void>;
}

/** How often a waiter checks the graph in case a message was lost, plus or minus a quarter. */
const POLL_INTERVAL = 1 * SECOND;

export interface GroupCommitParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly pending: PendingBatch;
  readonly writer: BatchWriter;
  /** The memo's. */
  readonly stamp: string;
  readonly stage: Stages;
}

/**
 * Group commit, as in databases: the first episode takes the group's lease. Episodes that arrive while it writes, here or in
 * other workers, are written together by the next holder of the lease. In an idle group an episode does not wait.
 */
export function openGroupCommit(parts: GroupCommitParts): GroupCommit {
  const { leases, writer, stage } = parts;
  const openGroups = new Map<string, { ownEpisodes: OwnEpisodes; add: (own: OwnEpisode) => void }>();

  /** Writes one batch for each lease, so that other workers that wait for the group are served too. */
  async function drain(
    group: string,
    ownEpisodes: OwnEpisodes,
    openGroup: { add: (own: OwnEpisode) => void },
  ): Promise<void> {
    while (ownEpisodes.size > 0) {
      const leaseWait = openLeaseWait(parts, group, ownEpisodes);
      try {
        openGroup.add = leaseWait.add;
        // Read in parallel with taking the lease, which is nearly always free.
        const others = parts.pending.list(group);
        others.catch(() => {});
        const lease: Lease | undefined = await leases.takeUnless(group, leaseWait);
        openGroup.add = () => {};
        if (lease)
          await writer
            .writeNext(group, lease, ownEpisodes, leaseWait.hasWaited() ? undefined : others)
            .finally(() => lease.release());
      } catch (error) {
        for (const [uuid, { written }] of ownEpisodes) {
          ownEpisodes.delete(uuid);
          written.reject(error);
        }
      } finally {
        leaseWait.end();
      }
    }
    openGroups.delete(group);
  }

  function wait(extracted: Extracted): Promise<Carrier | undefined> {
    const { group, uuid } = extracted.episode;
    const known = openGroups.get(group);
    const openGroup = known ?? { ownEpisodes: new Map<string, OwnEpisode>(), add: () => {} };
    const own: OwnEpisode = {
      ...{ extracted, since: Date.now(), carrier: tracer() && carrier() },
      isVisible: false,
      written: Promise.withResolvers(),
    };
    openGroup.ownEpisodes.set(uuid, own);
    openGroup.add(own);
    if (!known) {
      openGroups.set(group, openGroup);
      void drain(group, openGroup.ownEpisodes, openGroup);
    }
    return own.written.promise;
  }

  return {
    join: (extracted) =>
      stage('commit', { tags: tagsOf(extracted.episode) }, async (span) => span.link(await wait(extracted))),
  };
}

/** While another worker holds the lease: publishes our episodes to it, and receives their outcomes. */
function openLeaseWait({ graphs, valkey, pending, stamp }: GroupCommitParts, group: string, ownEpisodes: OwnEpisodes) {
  const ended = new AbortController();
  let hasWaited = false;
  let stop = () => {};

  async function publish(episodes: Iterable<OwnEpisode>): Promise<void> {
    const visible = [...episodes];
    for (const own of visible) own.isVisible = true;
    await pending.add(
      group,
      visible.map(({ extracted: { episode }, since, carrier }) => ({ episode, stamp, since, carrier })),
    );
  }

  function applyOutcome(outcome: CommitOutcome | undefined): void {
    if (!outcome) return void checkGraph().catch(() => {});
    for (const uuid of outcome.uuids) {
      const own = ownEpisodes.get(uuid);
      ownEpisodes.delete(uuid);
      if (outcome.failure) own?.written.reject(deserializeFailure(outcome.failure));
      else own?.written.resolve(outcome.write);
    }
    if (ownEpisodes.size === 0) ended.abort();
  }

  /** A message, or the whole pending batch, may be lost. */
  async function checkGraph(): Promise<void> {
    const uuids = await doneEpisodes(graphs.group(group), [...ownEpisodes.keys()]);
    if (uuids.length > 0) {
      // The writer may have died before it raised the version.
      await raiseVersion(valkey, group);
      applyOutcome({ uuids });
    }
    await publish(ownEpisodes.values());
  }

  async function pollGraph(): Promise<void> {
    while (!ended.signal.aborted) {
      await sleep(POLL_INTERVAL * (0.75 + Math.random() / 2), undefined, { signal: ended.signal });
      await checkGraph().catch(() => {});
    }
  }

  return {
    until: ended.signal,
    hasWaited: () => hasWaited,
    async onWait() {
      stop = await pending.subscribe(group, applyOutcome);
      hasWaited = true;
      await publish(ownEpisodes.values());
      pollGraph().catch(() => {});
    },
    /** Publishes an episode that arrived meanwhile. */
    add(own: OwnEpisode): void {
      if (hasWaited) publish([own]).catch(() => {});
    },
    end(): void {
      ended.abort();
      stop();
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { StaleFenceError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { doneEpisodes } from '../graph/queries/record.ts';
import type { Embedder } from '../models/embedder.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Carrier, carrier, tracer } from '../telemetry/tracing.ts';
import { SECOND } from '../time.ts';
import { newVersion, replaceVersion } from '../valkey/keys.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { bisectOnFailure } from './coalesce.ts';
import type { Resolver } from './decide.ts';
import { type ExtractedEpisode, fromMemo } from './extract.ts';
import type { Memo } from './memo.ts';
import type { PassageVectors } from './passage-vectors.ts';
import {
  type CommitOutcome,
  deserializeFailure,
  type PendingBatch,
  type PendingEpisode,
  serializeFailure,
} from './pending-batch.ts';
import { episodeTags, type StageTimer } from './timed-stages.ts';
import { graphLost, type WriteResult, writeBatch } from './write-batch.ts';

/*
 * Group commit, as in databases: extracted episodes of one group are written together, whichever worker extracted them. The group's lease
 * decides which worker writes; the pending batch in Valkey gives the holder the episodes of the others, and the others their outcomes.
 * The lease's fence alone protects the graph. The pending batch may be lost at any time, which costs waiting only.
 *
 * States of a group in one process:
 *
 * idle       This process has no extracted episode to commit. The first one that joins → acquiring.
 * acquiring  The lease is requested while the pending batch is read. The lease is free → writing; another worker holds it → waiting.
 * waiting    The own episodes, and those that join now, are in the pending batch, and the holder may commit them. Outcomes arrive as
 *            messages; once a second the graph is read instead, in case one was lost. The lease is ours → writing. Every own episode
 *            has its outcome → idle, or acquiring if one joined meanwhile.
 * writing    One batch is written: the oldest of the own and the pending episodes. Then the lease is released, so that workers that wait
 *            are served, and own episodes that are left or joined meanwhile → acquiring; none → idle.
 *
 * A failure of the lease or of the batch as a whole (Valkey or FalkorDB is down, five minutes without the lease) fails all own episodes,
 * whose jobs are retried → idle. The outcome of each episode of a written batch:
 *
 * committed  The new version is set first, so that every reader sees the facts; then other workers are notified, then the job is done.
 * lost       The graph lost the episode since it was recorded: it is retried from the start.
 * failed     A batch that cannot be written is halved until the episode that prevents it is alone. A retryable failure fails the batch.
 *            If the lease was lost, only own episodes fail: the next holder commits those of other workers.
 */

/** Writes extracted episodes, many of one group together, also those of other workers. */
export interface GroupCommit {
  /** Resolves once the episode's facts are in the graph and every reader sees them. Not called for an episode that is pending already. */
  join(extracted: ExtractedEpisode): Promise<void>;
}

export interface GroupCommitParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly embedder: Embedder;
  readonly pending: PendingBatch;
  readonly memo: Memo;
  readonly passageVectors: Pick<PassageVectors, 'write'>;
  readonly resolverOf: (group: string) => Resolver;
  readonly stage: StageTimer;
  readonly metrics: Metrics;
  readonly onLong: (group: string) => void;
  readonly onCommitted: (episodes: number, group: string) => void;
}

/** An extracted episode of this process that is to be written. */
interface OwnEpisode {
  readonly extracted: ExtractedEpisode;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Of its commit's span. */
  readonly carrier: Carrier | undefined;
  /** True once other workers may know of it. */
  isVisible: boolean;
  /** Settled with the episode's outcome: the span of the write, or a failure. */
  readonly completion: PromiseWithResolvers<Carrier | undefined>;
}

/** This process' pending episodes of one group, by uuid. */
type OwnEpisodes = Map<string, OwnEpisode>;

/** A group that is not idle. */
interface OpenGroup {
  readonly group: string;
  readonly ownEpisodes: OwnEpisodes;
  /** Set while acquiring and waiting. */
  leaseWait: LeaseWait | undefined;
}

export function openGroupCommit(parts: GroupCommitParts): GroupCommit {
  const openGroups = new Map<string, OpenGroup>();

  function enqueue(extracted: ExtractedEpisode): Promise<Carrier | undefined> {
    const { group, uuid } = extracted.episode;
    const ownEpisode: OwnEpisode = {
      ...{ extracted, since: Date.now(), carrier: tracer() && carrier() },
      isVisible: false,
      completion: Promise.withResolvers(),
    };
    const running = openGroups.get(group);
    const openGroup = running ?? { group, ownEpisodes: new Map<string, OwnEpisode>(), leaseWait: undefined };
    openGroup.ownEpisodes.set(uuid, ownEpisode);
    openGroup.leaseWait?.add(ownEpisode);
    if (!running) {
      openGroups.set(group, openGroup);
      void drain(openGroup);
    }
    return ownEpisode.completion.promise;
  }

  async function drain(openGroup: OpenGroup): Promise<void> {
    const { group, ownEpisodes } = openGroup;
    while (ownEpisodes.size > 0) {
      const leaseWait = openLeaseWait(parts, group, ownEpisodes);
      openGroup.leaseWait = leaseWait;
      try {
        await acquireAndWrite(openGroup, leaseWait);
      } catch (error) {
        settleOwn(ownEpisodes, [...ownEpisodes.keys()], (completion) => completion.reject(error));
      } finally {
        leaseWait.end();
      }
    }
    openGroups.delete(group);
  }

  /** One batch for each lease. */
  async function acquireAndWrite(openGroup: OpenGroup, leaseWait: LeaseWait): Promise<void> {
    const { group, ownEpisodes } = openGroup;
    // In parallel with taking the lease, which is nearly always free.
    const pendingBefore = listPending(group);
    const lease = await parts.leases.takeUnless(group, leaseWait);
    openGroup.leaseWait = undefined;
    if (!lease) return;
    const pending = leaseWait.hasWaited() ? listPending(group) : pendingBefore;
    await writeNextBatch(parts, { graph: parts.graphs.group(group), lease, ownEpisodes }, pending).finally(() =>
      lease.release(),
    );
  }

  /** A failure is thrown where the list is used; until then it is not awaited. */
  function listPending(group: string): Promise<PendingEpisode[]> {
    const listed = parts.pending.list(group);
    listed.catch(() => {});
    return listed;
  }

  return {
    join: (extracted) =>
      parts.stage('commit', { tags: episodeTags(extracted.episode) }, async (span) =>
        span.link(await enqueue(extracted)),
      ),
  };
}

// Waiting: another worker holds the lease.

/** How often a waiter checks the graph in case a message was lost, plus or minus a quarter. */
const POLL_INTERVAL = 1 * SECOND;

type LeaseWait = ReturnType<typeof openLeaseWait>;

/** Publishes own episodes to the holder of the lease, and receives their outcomes. */
function openLeaseWait(parts: GroupCommitParts, group: string, ownEpisodes: OwnEpisodes) {
  const { graphs, valkey, pending, memo } = parts;
  const ended = new AbortController();
  let hasWaited = false;
  let stopListening = () => {};

  async function publish(episodes: Iterable<OwnEpisode>): Promise<void> {
    const joining = [...episodes];
    // A worker that takes an episode from the memo does not write the vectors of its passages.
    await Promise.all(
      joining.filter(({ isVisible }) => !isVisible).map(({ extracted }) => parts.passageVectors.write(extracted)),
    );
    const visible = joining.filter(({ extracted }) => ownEpisodes.has(extracted.episode.uuid));
    for (const ownEpisode of visible) ownEpisode.isVisible = true;
    await pending.add(
      group,
      visible.map(({ extracted: { episode }, since, carrier }) => ({ episode, stamp: memo.stamp, since, carrier })),
    );
  }

  /** @param outcome undefined when a message may have been missed */
  function applyOutcome(outcome: CommitOutcome | undefined): void {
    if (!outcome) return void checkGraph().catch(() => {});
    const { uuids, failure, write } = outcome;
    settleOwn(ownEpisodes, uuids, (completion) =>
      failure ? completion.reject(deserializeFailure(failure)) : completion.resolve(write),
    );
    if (ownEpisodes.size === 0) ended.abort();
  }

  /** A message, or the whole pending batch, may be lost. */
  async function checkGraph(): Promise<void> {
    const uuids = await doneEpisodes(graphs.group(group), [...ownEpisodes.keys()]);
    if (uuids.length > 0) {
      // The writer may have died before it raised the version.
      await replaceVersion(valkey, group);
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
      stopListening = await pending.subscribe(group, applyOutcome);
      hasWaited = true;
      await publish(ownEpisodes.values());
      pollGraph().catch(() => {});
    },
    /** Publishes an episode that joined meanwhile. */
    add(ownEpisode: OwnEpisode): void {
      if (hasWaited) publish([ownEpisode]).catch(() => {});
    },
    end(): void {
      ended.abort();
      stopListening();
    },
  };
}

// Writing: this worker holds the lease.

const MAX_EPISODES = 32;
/** Most facts in one batch, since each fact is compared with the others. An episode with more facts is written alone. */
const MAX_FACTS = 300;

/** An episode of a batch; `completion` is set for this process' own. */
type BatchEpisode = Pick<OwnEpisode, 'extracted' | 'since' | 'carrier'> &
  Partial<Pick<OwnEpisode, 'completion' | 'isVisible'>>;

const isOwn = ({ completion }: BatchEpisode) => completion !== undefined;

interface Holder {
  readonly graph: GroupGraph;
  readonly lease: Lease;
  readonly ownEpisodes: OwnEpisodes;
}

/** Writes one batch of own episodes and those of other workers, and settles each. */
async function writeNextBatch(
  parts: GroupCommitParts,
  holder: Holder,
  pending: Promise<readonly PendingEpisode[]>,
): Promise<void> {
  const { graph, ownEpisodes } = holder;
  const own = [...ownEpisodes.values()];
  const others = await loadOthers(parts, graph.group, await pending, ownEpisodes);
  const batch = nextBatch([...own, ...others].sort((a, b) => a.since - b.since));
  await bisectOnFailure(
    batch,
    (part) => writePart(parts, holder, part),
    (part, error) => {
      // A lost lease fails only own episodes: the next holder writes those of other workers.
      const failed = error instanceof StaleFenceError ? part.filter(isOwn) : part;
      return rejectEpisodes(parts, holder, failed, error);
    },
  );
}

/** Pending episodes of other workers. An episode that this worker cannot read is left to its own worker. */
async function loadOthers(
  { memo }: GroupCommitParts,
  group: string,
  pending: readonly PendingEpisode[],
  ownEpisodes: OwnEpisodes,
): Promise<BatchEpisode[]> {
  const candidates = pending
    .filter(({ episode, stamp }) => stamp === memo.stamp && !ownEpisodes.has(episode.uuid))
    .sort((a, b) => a.since - b.since)
    .slice(0, MAX_EPISODES);
  const memoEntries = await memo.lookUp(
    group,
    candidates.map(({ episode }) => episode.uuid),
  );
  return candidates.flatMap(({ episode, since, carrier }, place) => {
    const memoEntry = memoEntries[place];
    const extracted = memoEntry && fromMemo(episode, memoEntry);
    return extracted ? [{ extracted, since, carrier }] : [];
  });
}

/** The first episodes that fit into one batch. */
function nextBatch(waiting: readonly BatchEpisode[]): readonly BatchEpisode[] {
  let factCount = 0;
  const end = waiting.findIndex(({ extracted }, place) => {
    factCount += extracted.extraction.facts.length;
    return place === MAX_EPISODES || (place > 0 && factCount > MAX_FACTS);
  });
  return waiting.slice(0, end < 0 ? waiting.length : end);
}

async function writePart(parts: GroupCommitParts, holder: Holder, batch: readonly BatchEpisode[]): Promise<void> {
  const { graph, ownEpisodes } = holder;
  const written = await tracedWrite(parts, holder, batch);
  if (written.count > 0) countCommitted(parts, written.count, graph.group);
  if (written.isLong) parts.onLong(graph.group);
  const { lost = [], committed = [] } = Object.groupBy(batch, ({ extracted }) =>
    written.lost.includes(extracted.episode.uuid) ? 'lost' : 'committed',
  );
  if (lost.length > 0) await rejectEpisodes(parts, holder, lost, graphLost(graph));
  if (committed.length === 0) return;
  // Readers see the change only with the new version, so it is raised before the outcome is published. If that fails, the jobs are retried.
  const outcome = { uuids: uuidsOf(committed.filter(mayBeAwaited)), write: written.span };
  if (outcome.uuids.length > 0) await parts.pending.publish(graph.group, outcome, newVersion());
  else await replaceVersion(parts.valkey, graph.group);
  settleOwn(ownEpisodes, uuidsOf(committed), (completion) => completion.resolve(written.span));
}

/** Writes in a span that is a child of one episode's span and linked with those of all episodes of the batch. */
function tracedWrite(
  { stage, resolverOf, embedder }: GroupCommitParts,
  { graph, lease }: Holder,
  batch: readonly BatchEpisode[],
): Promise<WriteResult & { readonly span: Carrier | undefined }> {
  const parent = batch.find(isOwn) ?? batch[0];
  return stage(
    'write',
    {
      ...{ childOf: parent?.carrier, detached: true, links: batch.map((episode) => episode.carrier) },
      tags: { group: graph.group, episodes: batch.length },
    },
    async () => {
      const span = tracer() && carrier();
      const extracted = batch.map((episode) => episode.extracted);
      return { ...(await writeBatch(graph, resolverOf(graph.group), lease, extracted, embedder)), span };
    },
  );
}

function countCommitted({ metrics, onCommitted }: GroupCommitParts, count: number, group: string): void {
  metrics.increment('opencode.memory.episodes.committed', {}, count);
  metrics.record?.('opencode.memory.commit.episodes', count);
  onCommitted(count, group);
}

async function rejectEpisodes(
  { pending }: GroupCommitParts,
  { graph: { group }, ownEpisodes }: Holder,
  episodes: readonly BatchEpisode[],
  error: unknown,
): Promise<void> {
  settleOwn(ownEpisodes, uuidsOf(episodes), (completion) => completion.reject(error));
  const uuids = uuidsOf(episodes.filter(mayBeAwaited));
  // A lost message only costs time: the other workers poll the graph.
  if (uuids.length > 0) await pending.publish(group, { uuids, failure: serializeFailure(error) }).catch(() => {});
}

/** Whether other workers may wait for the episode's outcome. */
const mayBeAwaited = (episode: BatchEpisode) => !isOwn(episode) || episode.isVisible === true;
const uuidsOf = (batch: readonly BatchEpisode[]) => batch.map(({ extracted }) => extracted.episode.uuid);

/** Gives own episodes their outcome, also a copy that arrived here while another worker's was written. */
function settleOwn(
  ownEpisodes: OwnEpisodes,
  uuids: readonly string[],
  settle: (completion: OwnEpisode['completion']) => void,
): void {
  for (const uuid of uuids) {
    const ownEpisode = ownEpisodes.get(uuid);
    ownEpisodes.delete(uuid);
    if (ownEpisode) settle(ownEpisode.completion);
  }
}

import type { Redis } from 'ioredis';
import { StaleFenceError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import type { Embedder } from '../models/embedder.ts';
import { type Carrier, carrier } from '../telemetry/carrier.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { tracer } from '../telemetry/tracer.ts';
import { newVersion, raiseVersion } from '../valkey/group-version.ts';
import type { Lease } from '../valkey/lease.ts';
import { bisectOnFailure } from './coalesce.ts';
import { type Extracted, fromMemo } from './extract.ts';
import { lostSinceRecording } from './finish.ts';
import type { Judge } from './judge.ts';
import type { Memo } from './memo.ts';
import {
  type OwnEpisode,
  type OwnEpisodes,
  type PendingBatch,
  type PendingEpisode,
  serializeFailure,
} from './pending-batch.ts';
import type { Stages } from './stages.ts';
import { type Written, write } from './write.ts';

/** Writes pending episodes, for a worker that holds the lease. */
export interface BatchWriter {
  /**
   * Takes one batch from `ownEpisodes` and the pending episodes of all other workers, and settles each.
   * @param others all pending episodes, if they were already read
   */
  writeNext(
    group: string,
    lease: Lease,
    ownEpisodes: OwnEpisodes,
    others?: Promise<readonly PendingEpisode[]>,
  ): Promise<void>;
}

const MAX_EPISODES = 32;
/** Most facts in one batch, since each fact is compared with the others. An episode with more facts is written alone. */
const MAX_FACTS = 300;

/** An episode of a batch; `written` is set for this process' own. */
type Member = Pick<OwnEpisode, 'extracted' | 'since' | 'carrier'> & Partial<Pick<OwnEpisode, 'written' | 'isVisible'>>;

export interface BatchParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly embedder: Embedder;
  readonly pending: PendingBatch;
  readonly memo: Memo;
  readonly judgeOf: (group: string) => Judge;
  readonly stage: Stages;
  readonly metrics: Metrics;
  readonly onLong: (group: string) => void;
  readonly onCommitted: (episodes: number, group: string) => void;
}

export function openBatchWriter({
  graphs,
  valkey,
  embedder,
  pending,
  memo,
  judgeOf,
  stage,
  metrics,
  ...parts
}: BatchParts): BatchWriter {
  /** Pending episodes of other workers. An episode that this worker cannot read is left to its own worker. */
  async function loadPending(
    group: string,
    all: readonly PendingEpisode[],
    ownEpisodes: OwnEpisodes,
  ): Promise<Member[]> {
    const candidates = all
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

  async function writePart(
    graph: GroupGraph,
    lease: Lease,
    batch: readonly Member[],
    ownEpisodes: OwnEpisodes,
  ): Promise<void> {
    const written = await tracedWrite(graph, lease, batch);
    if (written.count > 0) countCommitted(written.count, graph.group);
    if (written.isLong) parts.onLong(graph.group);
    const [lost, done] = partition(batch, ({ extracted }) => written.lost.includes(extracted.episode.uuid));
    if (lost.length > 0) await rejectEpisodes(graph, lost, lostSinceRecording(graph), ownEpisodes);
    if (done.length === 0) return;
    // Readers see the change only with the new version, so it is raised before the outcome is published. If that fails, the jobs are retried.
    const outcome = { uuids: uuidsOf(done.filter(mayBeAwaited)), write: written.span };
    if (outcome.uuids.length > 0) await pending.publish(graph.group, outcome, newVersion());
    else await raiseVersion(valkey, graph.group);
    settleOwn(ownEpisodes, done, (own) => own.resolve(written.span));
  }

  function countCommitted(count: number, group: string): void {
    metrics.increment('opencode.memory.episodes.committed', {}, count);
    metrics.record?.('opencode.memory.commit.episodes', count);
    parts.onCommitted(count, group);
  }

  /** Writes in a span that is a child of one episode's span and linked with those of all episodes of the batch. */
  function tracedWrite(graph: GroupGraph, lease: Lease, batch: readonly Member[]) {
    const first = batch.find(({ written }) => written) ?? batch[0];
    return stage(
      'write',
      {
        ...{ childOf: first?.carrier, detached: true, links: batch.map((member) => member.carrier) },
        tags: { group: graph.group, episodes: batch.length },
      },
      async (): Promise<Written & { span: Carrier | undefined }> => {
        const span = tracer() && carrier();
        const extracted = batch.map((member) => member.extracted);
        return { ...(await write(graph, judgeOf(graph.group), lease, extracted)), span };
      },
    );
  }

  async function failPart(
    graph: GroupGraph,
    batch: readonly Member[],
    error: unknown,
    ownEpisodes: OwnEpisodes,
  ): Promise<void> {
    // A lost lease fails only our own episodes: the next holder writes those of other workers.
    const failed = error instanceof StaleFenceError ? batch.filter(({ written }) => written) : batch;
    await rejectEpisodes(graph, failed, error, ownEpisodes);
  }

  async function rejectEpisodes(
    { group }: GroupGraph,
    members: readonly Member[],
    error: unknown,
    ownEpisodes: OwnEpisodes,
  ): Promise<void> {
    settleOwn(ownEpisodes, members, (own) => own.reject(error));
    const uuids = uuidsOf(members.filter(mayBeAwaited));
    // A lost message only costs time: the other workers poll the graph.
    if (uuids.length > 0) await pending.publish(group, { uuids, failure: serializeFailure(error) }).catch(() => {});
  }

  return {
    async writeNext(group, lease, ownEpisodes, others = pending.list(group)) {
      const graph = graphs.group(group);
      // The graph may have changed its embedder since the extraction.
      await graph.checkNow(embedder);
      const own = [...ownEpisodes.values()];
      const foreign = await loadPending(group, await others, ownEpisodes);
      const batch = nextBatch([...own, ...foreign].sort((a, b) => a.since - b.since));
      await bisectOnFailure(
        batch,
        (part) => writePart(graph, lease, part, ownEpisodes),
        (part, error) => failPart(graph, part, error, ownEpisodes),
      );
    },
  };
}

/** Whether other workers may wait for the episode's outcome. */
const mayBeAwaited = ({ written, isVisible }: Member) => !written || isVisible === true;
const uuidsOf = (batch: readonly Member[]) => batch.map(({ extracted }) => extracted.episode.uuid);

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** Settles own episodes of the batch, also a copy that arrived here while another worker's was written. */
function settleOwn(
  ownEpisodes: OwnEpisodes,
  batch: readonly Member[],
  end: (own: OwnEpisode['written']) => void,
): void {
  for (const { extracted } of batch) {
    const own = ownEpisodes.get(extracted.episode.uuid);
    ownEpisodes.delete(extracted.episode.uuid);
    if (own) end(own.written);
  }
}

/** The first pending episodes that fit into one batch. */
function nextBatch(waiting: readonly Member[]): readonly Member[] {
  let factCount = 0;
  const isTooMuch = ({ extracted }: { extracted: Extracted }, place: number) => {
    factCount += extracted.extraction.facts.length;
    return place === MAX_EPISODES || (place > 0 && factCount > MAX_FACTS);
  };
  const end = waiting.findIndex(isTooMuch);
  return waiting.slice(0, end < 0 ? waiting.length : end);
}

import type { Redis } from 'ioredis';
import { StaleFence } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import type { Embedder } from '../models/embedder.ts';
import { type Carrier, carrier } from '../telemetry/carrier.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { tracer } from '../telemetry/tracer.ts';
import { newVersion, raiseVersion } from '../valkey/group-version.ts';
import type { Lease } from '../valkey/lease.ts';
import { inHalves } from './coalesce.ts';
import { type Extracted, recalled } from './extract.ts';
import { wasLost } from './finish.ts';
import type { Judge } from './judge.ts';
import type { Memo } from './memo.ts';
import { type Line, type OwnEpisode, toldFailure, type WaitingEpisode, type WaitingRoom } from './pending-batch.ts';
import type { Stages } from './stages.ts';
import { type Written, write } from './write.ts';

/** Writes what waits, for a worker that holds the lease. */
export interface BatchWriter {
  /**
   * Takes as many as are written together, of `line` and of all other workers, and settles each.
   * @param others all that wait, where that was asked already
   */
  writeNext(group: string, lease: Lease, line: Line, others?: Promise<readonly WaitingEpisode[]>): Promise<void>;
}

const MOST_TOGETHER = 32;
/** What a batch may state, since each statement is compared with the others; an episode that states more goes alone. */
const MOST_STATED = 300;

/** One of a batch, with `written` when it is this process' own. */
type Member = Pick<OwnEpisode, 'extracted' | 'since' | 'carrier'> & Partial<Pick<OwnEpisode, 'written' | 'isShown'>>;

export interface BatchParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly embedder: Embedder;
  readonly room: WaitingRoom;
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
  room,
  memo,
  judgeOf,
  stage,
  metrics,
  ...parts
}: BatchParts): BatchWriter {
  /** Those of other workers; what cannot be read here is left to its own worker. */
  async function readable(group: string, all: readonly WaitingEpisode[], line: Line): Promise<Member[]> {
    const waiting = all
      .filter(({ episode, stamp }) => stamp === memo.stamp && !line.has(episode.uuid))
      .sort((a, b) => a.since - b.since)
      .slice(0, MOST_TOGETHER);
    const remembered = await memo.recall(
      group,
      waiting.map(({ episode }) => episode.uuid),
    );
    return waiting.flatMap(({ episode, since, carrier }, place) => {
      const known = remembered[place];
      const extracted = known && recalled(episode, known);
      return extracted ? [{ extracted, since, carrier }] : [];
    });
  }

  async function settle(graph: GroupGraph, lease: Lease, batch: readonly Member[], line: Line): Promise<void> {
    const written = await writeSeen(graph, lease, batch);
    if (written.count > 0) note(written.count, graph.group);
    if (written.isLong) parts.onLong(graph.group);
    const [lost, done] = parted(batch, ({ extracted }) => written.lost.includes(extracted.episode.uuid));
    if (lost.length > 0) await refuse(graph, lost, wasLost(graph), line);
    if (done.length === 0) return;
    // Without the new version nobody would see it, so it comes before the news, and if it fails the jobs come again.
    const told = { uuids: uuidsOf(done.filter(isKnown)), write: written.span };
    if (told.uuids.length > 0) await room.tell(graph.group, told, newVersion());
    else await raiseVersion(valkey, graph.group);
    leave(line, done, (own) => own.resolve(written.span));
  }

  function note(count: number, group: string): void {
    metrics.increment('opencode.memory.episodes.committed', {}, count);
    metrics.record?.('opencode.memory.commit.episodes', count);
    parts.onCommitted(count, group);
  }

  /** A span under that of one of the batch, linked with all. */
  function writeSeen(graph: GroupGraph, lease: Lease, batch: readonly Member[]) {
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

  async function fail(graph: GroupGraph, batch: readonly Member[], error: unknown, line: Line): Promise<void> {
    // A lease that was lost is our failure and not that of other workers: the next holder writes theirs.
    const failed = error instanceof StaleFence ? batch.filter(({ written }) => written) : batch;
    await refuse(graph, failed, error, line);
  }

  async function refuse({ group }: GroupGraph, some: readonly Member[], error: unknown, line: Line): Promise<void> {
    leave(line, some, (own) => own.reject(error));
    const uuids = uuidsOf(some.filter(isKnown));
    // News that get lost only cost time.
    if (uuids.length > 0) await room.tell(group, { uuids, failure: toldFailure(error) }).catch(() => {});
  }

  return {
    async writeNext(group, lease, line, others = room.all(group)) {
      const graph = graphs.group(group);
      // What was extracted may be of an embedder that the graph has no longer.
      await graph.checkNow(embedder);
      const own = [...line.values()];
      const waiting = await readable(group, await others, line);
      const batch = nextOf([...own, ...waiting].sort((a, b) => a.since - b.since));
      await inHalves(
        batch,
        (part) => settle(graph, lease, part, line),
        (part, error) => fail(graph, part, error, line),
      );
    },
  };
}

/** Whether other workers may wait for news of it. */
const isKnown = ({ written, isShown }: Member) => !written || isShown === true;
const uuidsOf = (batch: readonly Member[]) => batch.map(({ extracted }) => extracted.episode.uuid);

function parted<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** Also one that came here while another worker's was written: it has the same end. */
function leave(line: Line, batch: readonly Member[], end: (own: OwnEpisode['written']) => void): void {
  for (const { extracted } of batch) {
    const own = line.get(extracted.episode.uuid);
    line.delete(extracted.episode.uuid);
    if (own) end(own.written);
  }
}

/** As many of those that wait as are written together. */
function nextOf(waiting: readonly Member[]): readonly Member[] {
  let stated = 0;
  const isTooMuch = ({ extracted }: { extracted: Extracted }, place: number) => {
    stated += extracted.extraction.facts.length;
    return place === MOST_TOGETHER || (place > 0 && stated > MOST_STATED);
  };
  const end = waiting.findIndex(isTooMuch);
  return waiting.slice(0, end < 0 ? waiting.length : end);
}

import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import type { Graphs } from '../graph/graphs.ts';
import { addStatements } from '../graph/queries/statements.ts';
import { NO_ONTOLOGY } from '../ontology.ts';
import { statementsRead } from '../statements/read-notes.ts';
import { type Metrics, NO_METRICS } from '../telemetry/metrics.ts';
import { SECOND } from '../time.ts';
import type { Leases } from '../valkey/lease.ts';
import { openBatchWriter } from './batch.ts';
import { type Extracted, type ExtractParts, extract, fromMemo } from './extract.ts';
import { openExtractionLocks } from './extraction-lock.ts';
import { openFinish } from './finish.ts';
import { openGroupCommit } from './group-commit.ts';
import { memoizedJudge } from './judge.ts';
import { openMemo } from './memo.ts';
import { openPassageVectors } from './passage-vectors.ts';
import { openPendingBatch } from './pending-batch.ts';
import { previousTexts } from './previous.ts';
import { openRecord } from './record.ts';
import { openStages } from './stages.ts';

/** Takes an episode all the way into the graph. */
export type Ingest = (episode: Episode) => Promise<void>;

export interface OpenIngest extends Ingest {
  /** Releases extraction locks, so that other workers extract these episodes. */
  close(): Promise<void>;
}

export interface IngestParts extends Pick<ExtractParts, 'model' | 'embedder'> {
  /** Default: types are found freely. */
  readonly ontology?: ExtractParts['ontology'];
  readonly metrics?: Metrics;
  /** Milliseconds after which another worker that extracts an episode counts as dead. Default: 15 s. */
  readonly takeover?: number;
  /** Called when an entity's summary of the group has reached its length limit. Default: nothing. */
  readonly onLong?: (group: string) => void;
  /** Called with the number of episodes that this process committed, its own or other workers'. Default: nothing. */
  readonly onCommitted?: (episodes: number, group: string) => void;
}

/**
 * Record, extract, commit. A second call with the same uuid changes nothing: the raw episode is written once, a committed episode
 * is not extracted again, and model results are in the memo. A call while the same episode is in flight shares its result.
 * @throws StoreUnreachableError, StaleFenceError, ModelUnavailableError, ModelFailedError, ModelBusyError, ConfigError, TimedOutError, EmbedderMismatchError (retried);
 *         UnusableReplyError, InvalidInputError (not retried)
 */
export function openIngest(graphs: Graphs, valkey: Redis, leases: Leases, parts: IngestParts): OpenIngest {
  const { model, embedder, ontology = NO_ONTOLOGY, metrics = NO_METRICS } = parts;
  const { takeover = 15 * SECOND, onLong = () => {}, onCommitted = () => {} } = parts;
  const stage = openStages(metrics);
  const memo = openMemo(valkey, { model, embedder, ontology, metrics });
  const pending = openPendingBatch(valkey, leases.signals);
  const judgeOf = (group: string) => memoizedJudge(valkey, group, model, memo.count, stage);
  const writer = openBatchWriter({
    graphs,
    valkey,
    embedder,
    pending,
    memo,
    judgeOf,
    stage,
    metrics,
    onLong,
    onCommitted,
  });
  const groupCommit = openGroupCommit({ graphs, valkey, leases, pending, writer, stamp: memo.stamp, stage });
  const locks = openExtractionLocks(valkey, leases.signals, memo, takeover);
  const record = openRecord(graphs, valkey, embedder, locks, stage);
  const passageVectors = openPassageVectors(graphs, valkey, embedder, stage);
  const finish = openFinish(graphs, { stage, metrics, onCommitted });

  /** Undefined for an episode that is already committed. */
  async function recordAndExtract(episode: Episode): Promise<Extracted | undefined> {
    const { group, uuid, source } = episode;
    try {
      const recorded = await record(episode);
      if (recorded.isCommitted) return undefined;
      const memoEntry = recorded.isOwner || fromMemo(episode, recorded) ? recorded : await locks.waitForResult(episode);
      const previous = async () =>
        model.readsPrevious && source !== 'fact_triple' ? previousTexts(graphs.group(group), episode) : [];
      const unembedded = (isFirst: boolean) => passageVectors.missing(episode, isFirst);
      const extractParts = { model, embedder, ontology, memo, stage };
      const { extracted, passages } = await extract(episode, previous, memoEntry, unembedded, extractParts);
      // Before the commit: afterwards the episode is not extracted again.
      if (passages.length > 0) await passageVectors.write(episode, passages);
      const statements = statementsRead(episode, extracted.extraction.notes ?? []);
      if (statements.length > 0) await addStatements(graphs.group(group), episode.uuid, statements);
      return extracted;
    } finally {
      locks.release(group, uuid);
    }
  }

  const inFlight = new Map<string, Promise<void>>();
  function ingest(episode: Episode): Promise<void> {
    const key = `${episode.uuid} ${episode.group}`;
    const running = inFlight.get(key);
    if (running) return running;
    const ingested = recordAndExtract(episode)
      .then((extracted) => {
        if (extracted) return statesNothing(extracted) ? finish(extracted) : groupCommit.join(extracted);
      })
      .finally(() => inFlight.delete(key));
    inFlight.set(key, ingested);
    return ingested;
  }
  return Object.assign(ingest, { close: locks.close });
}

/** Such an episode needs no comparison with the graph, unless a saga's order is to be kept. */
function statesNothing({ episode, extraction: { entities, facts, ended } }: Extracted) {
  return entities.length + facts.length + ended.length === 0 && episode.saga === null;
}

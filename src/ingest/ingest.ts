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
import { type Extracted, extract, type Readers, recalled } from './extract.ts';
import { openReadings } from './extraction-lock.ts';
import { openFinish } from './finish.ts';
import { openGroupCommit } from './group-commit.ts';
import { rememberingJudge } from './judge.ts';
import { openMemo } from './memo.ts';
import { openPassageVectors } from './passage-vectors.ts';
import { openWaitingRoom } from './pending-batch.ts';
import { previousTexts } from './previous.ts';
import { openRecord } from './record.ts';
import { openStages } from './stages.ts';

/** Takes an episode all the way into the graph. */
export type Ingest = (episode: Episode) => Promise<void>;

export interface OpenIngest extends Ingest {
  /** Lets others read what this process was about to read. */
  close(): Promise<void>;
}

export interface IngestParts extends Pick<Readers, 'model' | 'embedder'> {
  /** Default: types are found freely. */
  readonly ontology?: Readers['ontology'];
  readonly metrics?: Metrics;
  /** Milliseconds after which another worker that reads an episode counts as dead. Default: 15 s. */
  readonly takeover?: number;
  /** Told that a group has an entity whose summary is too long to grow on. Default: nobody. */
  readonly onLong?: (group: string) => void;
  /** Told how many episodes this process has committed, its own or those of other workers. Default: nobody. */
  readonly onCommitted?: (episodes: number, group: string) => void;
}

/**
 * Record, extract, commit. Doing it again with the same uuid changes nothing: the raw episode is written once, an episode whose
 * facts are there is not read again, and what was read once is remembered. An episode that comes again while it is under way ends
 * as it does.
 * @throws StoreUnreachable, StaleFence, ModelAway, ModelFailed, ModelBusy, ConfigError, TimedOut, EmbedderMismatch (tried again);
 *         ReplyUnusable, InvalidInput (not)
 */
export function openIngest(graphs: Graphs, valkey: Redis, leases: Leases, parts: IngestParts): OpenIngest {
  const { model, embedder, ontology = NO_ONTOLOGY, metrics = NO_METRICS } = parts;
  const { takeover = 15 * SECOND, onLong = () => {}, onCommitted = () => {} } = parts;
  const stage = openStages(metrics);
  const memo = openMemo(valkey, { model, embedder, ontology, metrics });
  const room = openWaitingRoom(valkey, leases.signals);
  const judgeOf = (group: string) => rememberingJudge(valkey, group, model, memo.count, stage);
  const writer = openBatchWriter({
    graphs,
    valkey,
    embedder,
    room,
    memo,
    judgeOf,
    stage,
    metrics,
    onLong,
    onCommitted,
  });
  const groupCommit = openGroupCommit({ graphs, valkey, leases, room, writer, stamp: memo.stamp, stage });
  const readings = openReadings(valkey, leases.signals, memo, takeover);
  const record = openRecord(graphs, valkey, embedder, readings, stage);
  const passageVectors = openPassageVectors(graphs, valkey, embedder, stage);
  const finish = openFinish(graphs, { stage, metrics, onCommitted });

  /** Undefined for an episode with which nothing is left to be done. */
  async function read(episode: Episode): Promise<Extracted | undefined> {
    const { group, uuid, source } = episode;
    try {
      const begun = await record(episode);
      if (begun.isCommitted) return undefined;
      const remembered = begun.isMine || recalled(episode, begun) ? begun : await readings.wait(episode);
      const previous = async () =>
        model.readsPrevious && source !== 'fact_triple' ? previousTexts(graphs.group(group), episode) : [];
      const unembedded = (isFirst: boolean) => passageVectors.missing(episode, isFirst);
      const readers = { model, embedder, ontology, memo, stage };
      const { extracted, passages } = await extract(episode, previous, remembered, unembedded, readers);
      // Before the commit, after which the episode is not read again.
      if (passages.length > 0) await passageVectors.write(episode, passages);
      const statements = statementsRead(episode, extracted.extraction.notes ?? []);
      if (statements.length > 0) await addStatements(graphs.group(group), episode.uuid, statements);
      return extracted;
    } finally {
      readings.end(group, uuid);
    }
  }

  const underWay = new Map<string, Promise<void>>();
  function ingest(episode: Episode): Promise<void> {
    const key = `${episode.uuid} ${episode.group}`;
    const twin = underWay.get(key);
    if (twin) return twin;
    const ingested = read(episode)
      .then((extracted) => {
        if (extracted) return statesNothing(extracted) ? finish(extracted) : groupCommit.join(extracted);
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, ingested);
    return ingested;
  }
  return Object.assign(ingest, { close: readings.close });
}

/** Then there is nothing that had to be compared with the graph; a saga has its order. */
function statesNothing({ episode, extraction: { entities, facts, ended } }: Extracted) {
  return entities.length + facts.length + ended.length === 0 && episode.saga === null;
}

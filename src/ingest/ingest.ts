import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import type { Graphs } from '../graph/graphs.ts';
import { finishEpisodes } from '../graph/queries/record.ts';
import { addStatements } from '../graph/queries/statements.ts';
import { NO_ONTOLOGY } from '../ontology.ts';
import type { ExpiryRule } from '../settings.ts';
import { modelStatements } from '../statements/statements-from-model.ts';
import { type Metrics, NO_METRICS } from '../telemetry/metrics.ts';
import { SECOND } from '../time.ts';
import { replaceVersion } from '../valkey/keys.ts';
import type { Leases } from '../valkey/lease.ts';
import { tokenUseJson } from './build-commit.ts';
import { coalesce } from './coalesce.ts';
import { memoizedResolver } from './decide.ts';
import { type ExtractedEpisode, type ExtractParts, extractEpisode, fromMemo } from './extract.ts';
import { openExtractionLocks } from './extraction-lock.ts';
import { openGroupCommit } from './group-commit.ts';
import { openMemo } from './memo.ts';
import { openPassageVectors } from './passage-vectors.ts';
import { openPendingBatch } from './pending-batch.ts';
import { previousTexts } from './previous-episodes.ts';
import { openRecorder } from './record.ts';
import { episodeTags, openStageTimer, type StageTimer } from './timed-stages.ts';
import { graphLost } from './write-batch.ts';

/*
 * States of an episode. Each may be entered again after a crash or by another worker that received the same job; effects happen once.
 *
 * received    → recorded: the raw episode and its passages are in the graph, and the text can be found. An episode that was committed or
 *             removed before ends here.
 * recorded    The worker that gets the extraction lock extracts. The others wait for its result in the memo; if that worker fails or dies,
 *             one of them gets the lock. → extracted
 * extracted   The result is in the memo, so that a retry does not call a model again, and the lock is released. No facts → committed,
 *             without a lease. Otherwise the episode joins its group's commit → committed (`group-commit.ts`, which
 *             describes the lease and the pending batch).
 * committed   The facts are in the graph and every reader sees them; the job is done.
 *
 * Any failure ends the call, and the job is retried from the start: a state that was reached is found in the graph or in the memo.
 */

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
  readonly lockTtlMs?: number;
  /** When episodes without an expiry of their own expire. Default: never. */
  readonly expiry?: readonly ExpiryRule[];
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
  const { lockTtlMs = 15 * SECOND, onLong = () => {}, onCommitted = () => {} } = parts;
  const stage = openStageTimer(metrics);
  const memo = openMemo(valkey, { model, embedder, ontology, metrics });
  const pending = openPendingBatch(valkey, leases.pubSub);
  const passageVectors = openPassageVectors(graphs, valkey, embedder, stage);
  const resolverOf = (group: string) => memoizedResolver(valkey, group, model, memo.count, stage);
  const groupCommit = openGroupCommit({
    ...{ graphs, valkey, leases, embedder, pending, memo, passageVectors },
    ...{ resolverOf, stage, metrics, onLong, onCommitted },
  });
  const locks = openExtractionLocks(valkey, leases.pubSub, memo, lockTtlMs);
  const record = openRecorder(graphs, valkey, embedder, locks, stage, parts.expiry);
  const finishWithoutFacts = openFinishWithoutFacts(graphs, { stage, metrics, onCommitted });

  /** Undefined for an episode that is already committed. */
  async function recordAndExtract(episode: Episode): Promise<ExtractedEpisode | undefined> {
    const { group, uuid } = episode;
    try {
      const recorded = await record(episode);
      if (recorded.isCommitted) return undefined;
      const isWaiting = !recorded.isOwner && !fromMemo(episode, recorded);
      const extracted = await extractEpisode(
        episode,
        () => previousOf(episode),
        isWaiting ? await locks.waitForResult(episode) : recorded,
        (isFirst) => passageVectors.missing(episode, isFirst),
        { model, embedder, ontology, memo, stage },
      );
      const statements = modelStatements(episode, extracted.extraction.notes ?? []);
      // An answer may have been cached since the vectors; an episode without facts raises no version later.
      if (statements.length > 0 && (await addStatements(graphs.group(group), uuid, statements)) > 0)
        await replaceVersion(valkey, group);
      if (!isWrittenAhead(extracted)) return extracted;
      // Before the commit: afterwards the episode is not extracted again.
      await passageVectors.write(extracted);
      return { ...extracted, passageVectors: [] };
    } finally {
      locks.release(group, uuid);
    }
  }

  const previousOf = async (episode: Episode) =>
    model.readsPrevious && episode.source !== 'fact_triple' ? previousTexts(graphs.group(episode.group), episode) : [];

  async function ingestOnce(episode: Episode): Promise<void> {
    const extracted = await recordAndExtract(episode);
    if (!extracted) return;
    if (statesNothing(extracted)) return finishWithoutFacts(extracted);
    try {
      await groupCommit.join(extracted);
    } catch (error) {
      // The text is found by meaning until a later attempt commits it, and when none does.
      await passageVectors.write(extracted).catch(() => {});
      throw error;
    }
  }

  /** Also for an episode that was committed before: that may have been a moment ago, and no replica may have it. */
  async function ingestAndConfirm(episode: Episode): Promise<void> {
    await ingestOnce(episode);
    await graphs.confirm(episode.group, [episode.uuid]);
  }

  const inFlight = new Map<string, Promise<void>>();
  function ingest(episode: Episode): Promise<void> {
    const key = `${episode.uuid} ${episode.group}`;
    const running = inFlight.get(key);
    if (running) return running;
    const ingested = ingestAndConfirm(episode).finally(() => inFlight.delete(key));
    inFlight.set(key, ingested);
    return ingested;
  }
  return Object.assign(ingest, { close: locks.close });
}

/** Of a longer text the vectors are not written while the lease is held. */
const MOST_IN_COMMIT = 20;

/** Whether the vectors of an episode's passages are written before its commit, and not with it. */
const isWrittenAhead = (extracted: ExtractedEpisode): boolean =>
  statesNothing(extracted) || extracted.passageVectors.length > MOST_IN_COMMIT;

/** Such an episode needs no comparison with the graph, unless a saga's order is to be kept. */
function statesNothing({ episode, extraction: { entities, facts, ended } }: ExtractedEpisode) {
  return entities.length + facts.length + ended.length === 0 && episode.saga === null;
}

/** Most episodes without facts in one query. */
const MAX_FINISHED = 256;

/**
 * Commits episodes without entities and facts. No lease, lookups or judgement are needed, and no new version, since no answer
 * changes: the text, its vectors and statements raised it when they were written.
 * @throws StaleFenceError when the graph was lost after the episode was recorded
 */
function openFinishWithoutFacts(
  graphs: Graphs,
  { stage, metrics, onCommitted }: { stage: StageTimer } & Required<Pick<IngestParts, 'metrics' | 'onCommitted'>>,
): (extracted: ExtractedEpisode) => Promise<void> {
  const write = coalesce<ExtractedEpisode, boolean>(
    ({ episode }) => episode.group,
    (waiting) => Math.min(waiting.length, MAX_FINISHED),
    async (batch, group) => {
      const empty = batch.map(({ episode, extraction }) => ({
        uuid: episode.uuid,
        use: tokenUseJson(extraction.use ?? [], [], 1),
      }));
      const finished = await finishEpisodes(graphs.group(group), empty, new Date());
      const count = [...finished.values()].filter((isFresh) => isFresh).length;
      metrics.increment('opencode.memory.episodes.committed', {}, count);
      metrics.record?.('opencode.memory.commit.episodes', count);
      onCommitted(count, group);
      return batch.map(({ episode }) => finished.has(episode.uuid));
    },
  );
  return (extracted) =>
    stage('commit', { tags: episodeTags(extracted.episode) }, async () => {
      if (await write(extracted)) return;
      throw graphLost(extracted.episode);
    });
}

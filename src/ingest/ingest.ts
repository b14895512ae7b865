import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import type { Graphs } from '../graph/graphs.ts';
import { recordEpisode } from '../graph/queries/record-episode.ts';
import { NO_ONTOLOGY } from '../ontology.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import { extract, type Readers } from './extract.ts';
import { openGroupCommit } from './group-commit.ts';
import { previousTexts } from './previous.ts';

/** Takes an episode all the way into the graph. */
export type Ingest = (episode: Episode) => Promise<void>;

export interface IngestParts extends Omit<Readers, 'ontology'> {
  /** Default: types are found freely. */
  readonly ontology?: Readers['ontology'];
  /** Told that a group has an entity whose summary is too long to grow on. Default: nobody. */
  readonly onLong?: (group: string) => void;
}

/**
 * Record, extract, commit. Doing it again with the same uuid changes nothing: the raw episode is written once, and an episode
 * whose facts are there is not read again.
 * @throws StoreUnreachable, StaleFence, ModelFailed, ModelBusy, ConfigError, TimedOut, EmbedderMismatch (tried again);
 *         ReplyUnusable, InvalidInput (not)
 */
export function openIngest(graphs: Graphs, valkey: Redis, { onLong, ...parts }: IngestParts): Ingest {
  const readers = { ontology: NO_ONTOLOGY, ...parts };
  const { model, embedder } = readers;
  const groupCommit = openGroupCommit(graphs, valkey, model, onLong);
  return async (episode) => {
    const graph = graphs.group(episode.group);
    await graph.prepare(embedder);
    const { isCommitted, isPrepared } = await recordEpisode(graph, episode);
    if (!isPrepared) await graph.prepareAgain(embedder);
    // Also after a crash between the graph's write and the version: whoever reads now must see it.
    await raiseVersion(valkey, episode.group);
    if (isCommitted) return;
    const previous = model.readsPrevious && episode.source !== 'fact_triple' ? await previousTexts(graph, episode) : [];
    await groupCommit.join(await extract(episode, previous, readers));
  };
}

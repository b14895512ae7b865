import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import type { Graphs } from '../graph/graphs.ts';
import { recordEpisode } from '../graph/queries/record-episode.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import { extract } from './extract.ts';
import { openGroupCommit } from './group-commit.ts';

/** Takes an episode all the way into the graph. */
export type Ingest = (episode: Episode) => Promise<void>;

/**
 * Record, extract, commit. Doing it again with the same uuid changes nothing: the raw episode is written once, and an episode
 * whose facts are there is not read again.
 * @throws StoreUnreachable, StaleFence, ModelFailed, TimedOut (tried again); EmbedderMismatch, InvalidInput (not)
 */
export function openIngest(graphs: Graphs, valkey: Redis, model: LanguageModel, embedder: Embedder): Ingest {
  const groupCommit = openGroupCommit(graphs, valkey);
  return async (episode) => {
    const graph = graphs.group(episode.group);
    await graph.prepare(embedder);
    const { isCommitted, isPrepared } = await recordEpisode(graph, episode);
    if (!isPrepared) await graph.prepareAgain(embedder);
    // Also after a crash between the graph's write and the version: whoever reads now must see it.
    await raiseVersion(valkey, episode.group);
    if (!isCommitted) await groupCommit.join(await extract(episode, model, embedder));
  };
}

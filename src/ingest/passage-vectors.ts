import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import type { Graphs } from '../graph/graphs.ts';
import { embeddedPassages, type PassageVector, writePassageVectors } from '../graph/queries/passages.ts';
import type { Embedder } from '../models/embedder.ts';
import { embeddedText, passagesOf, textOf } from '../passages/passages.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import { coalesce } from './coalesce.ts';
import type { Unembedded } from './extract.ts';
import { type Stages, tagsOf } from './stages.ts';

const MAX_EPISODES = 64;

export interface PassageVectors {
  /** Passages of an episode that have no vector yet. @param isFirst the episode was never extracted before, so the graph need not be asked */
  missing(episode: Episode, isFirst: boolean): Promise<Unembedded[]>;
  write(episode: Episode, vectors: readonly PassageVector[]): Promise<void>;
}

/** Writes the vectors of passages, once each. No lease is needed, since nothing is derived from the graph. */
export function openPassageVectors(graphs: Graphs, valkey: Redis, embedder: Embedder, stage: Stages): PassageVectors {
  const write = coalesce<{ readonly group: string; readonly vectors: readonly PassageVector[] }, void>(
    ({ group }) => group,
    (waiting) => Math.min(waiting.length, MAX_EPISODES),
    async (batch, group) => {
      const graph = graphs.group(group);
      const vectors = batch.flatMap((it) => it.vectors);
      await writePassageVectors(graph, vectors, embedder);
      // If the graph was lost or has another embedder, nothing was written.
      await graph.checkNow(embedder);
      await raiseVersion(valkey, group);
      return batch.map(() => undefined);
    },
  );
  return {
    async missing(episode, isFirst) {
      const passages = passagesOf(episode);
      const known = isFirst ? new Set() : await embeddedPassages(graphs.group(episode.group), episode.uuid);
      return passages
        .filter(({ uuid }) => !known.has(uuid))
        .map((passage) => ({
          uuid: passage.uuid,
          episode: episode.uuid,
          text: embeddedText(textOf(passage.source, episode.content, episode.metadata), passage),
        }));
    },
    write: (episode, vectors) =>
      stage('embed', { tags: tagsOf(episode) }, () => write({ group: episode.group, vectors })),
  };
}

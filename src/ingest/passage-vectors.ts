import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import type { Graphs } from '../graph/graphs.ts';
import { embeddedPassages, type PassageVector, writePassageVectors } from '../graph/queries/passages.ts';
import type { Embedder } from '../models/embedder.ts';
import { embeddablePassages, passagesOf } from '../passages/passages.ts';
import { replaceVersion } from '../valkey/keys.ts';
import { coalesce } from './coalesce.ts';
import type { ExtractedEpisode, UnembeddedPassage } from './extract.ts';
import { episodeTags, type StageTimer } from './timed-stages.ts';

const MAX_EPISODES = 64;

export interface PassageVectors {
  /** Passages of an episode that have no vector yet. @param isFirst the episode was never extracted before, so the graph need not be read */
  missing(episode: Episode, isFirst: boolean): Promise<UnembeddedPassage[]>;
  /** Writes the vectors of an episode that are not written with its commit. */
  write(extracted: ExtractedEpisode): Promise<void>;
}

/** Writes the vectors of passages, once each. No lease is needed, since nothing is derived from the graph. */
export function openPassageVectors(
  graphs: Graphs,
  valkey: Redis,
  embedder: Embedder,
  stage: StageTimer,
): PassageVectors {
  const write = coalesce<{ readonly group: string; readonly vectors: readonly PassageVector[] }, void>(
    ({ group }) => group,
    (waiting) => Math.min(waiting.length, MAX_EPISODES),
    async (batch, group) => {
      const graph = graphs.group(group);
      // Once each: within one query, a vector that the query itself creates is not seen.
      const vectors = [...new Map(batch.flatMap((row) => row.vectors).map((vector) => [vector.uuid, vector])).values()];
      const written = await writePassageVectors(graph, vectors, embedder);
      // Some have their vectors already, or nothing was written since the graph was lost or has another embedder.
      if (written < vectors.length) await graph.checkNow(embedder);
      await replaceVersion(valkey, group);
      return batch.map(() => undefined);
    },
  );
  return {
    async missing(episode, isFirst) {
      const passages = embeddablePassages(passagesOf(episode), episode.content);
      const embedded = isFirst ? new Set() : await embeddedPassages(graphs.group(episode.group), episode.uuid);
      return passages
        .filter(({ passage }) => !embedded.has(passage.uuid))
        .map(({ passage, text }) => ({ uuid: passage.uuid, episode: episode.uuid, text }));
    },
    async write({ episode, passageVectors: vectors }) {
      if (vectors.length === 0) return;
      await stage('embed', { tags: episodeTags(episode) }, () => write({ group: episode.group, vectors }));
    },
  };
}

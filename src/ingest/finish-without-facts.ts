import { StaleFenceError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import { finishEpisodes } from '../graph/queries/record.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { tokenUseJson } from './build-commit.ts';
import { coalesce } from './coalesce.ts';
import type { ExtractedEpisode } from './extract.ts';
import { type Stages, tagsOf } from './timed-stages.ts';

const MAX_EPISODES = 256;

export interface FinishParts {
  readonly stage: Stages;
  readonly metrics: Metrics;
  readonly onCommitted: (episodes: number, group: string) => void;
}

/**
 * Commits episodes without entities and facts. No lease, lookups or judgement are needed, and no new version, since no answer
 * changes: the text, its vectors and statements raised it when they were written. @throws StaleFenceError when the graph was lost after the episode was recorded
 */
export function openFinishWithoutFacts(
  graphs: Graphs,
  { stage, metrics, onCommitted }: FinishParts,
): (extracted: ExtractedEpisode) => Promise<void> {
  const write = coalesce<ExtractedEpisode, boolean>(
    ({ episode }) => episode.group,
    (waiting) => Math.min(waiting.length, MAX_EPISODES),
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
    stage('commit', { tags: tagsOf(extracted.episode) }, async () => {
      if (await write(extracted)) return;
      throw graphLostSinceRecording(extracted.episode);
    });
}

/** The graph in which the episode was recorded was lost, as after a server lost its data. */
export function graphLostSinceRecording({ group }: { readonly group: string }): StaleFenceError {
  return new StaleFenceError(`The memory "${group}" was lost in the meantime; this episode is tried again.`);
}

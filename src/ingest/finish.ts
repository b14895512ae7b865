import { StaleFenceError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import { finishEpisodes } from '../graph/queries/record.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { useText } from './changes.ts';
import { coalesce } from './coalesce.ts';
import type { Extracted } from './extract.ts';
import { type Stages, tagsOf } from './stages.ts';

const MAX_EPISODES = 256;

export interface FinishParts {
  readonly stage: Stages;
  readonly metrics: Metrics;
  readonly onCommitted: (episodes: number, group: string) => void;
}

/**
 * Commits episodes without entities and facts. No lease, lookups or judgement are needed, and no new version, since no answer
 * changes. @throws StaleFenceError when the graph was lost after the episode was recorded
 */
export function openFinish(
  graphs: Graphs,
  { stage, metrics, onCommitted }: FinishParts,
): (extracted: Extracted) => Promise<void> {
  const write = coalesce<Extracted, boolean>(
    ({ episode }) => episode.group,
    (waiting) => Math.min(waiting.length, MAX_EPISODES),
    async (batch, group) => {
      const empty = batch.map(({ episode, extraction }) => ({
        uuid: episode.uuid,
        use: useText(extraction.use ?? [], [], 1),
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
      throw lostSinceRecording(extracted.episode);
    });
}

/** The graph in which the episode was recorded is gone, as after a server lost its data. */
export function lostSinceRecording({ group }: { readonly group: string }): StaleFenceError {
  return new StaleFenceError(`The memory "${group}" was lost meanwhile; this episode is tried again.`);
}

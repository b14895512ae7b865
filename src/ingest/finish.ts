import { StaleFence } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import { finishEpisodes } from '../graph/queries/record.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { useText } from './changes.ts';
import { together } from './coalesce.ts';
import type { Extracted } from './extract.ts';
import { type Stages, tagsOf } from './stages.ts';

const MOST = 256;

export interface FinishParts {
  readonly stage: Stages;
  readonly metrics: Metrics;
  readonly onCommitted: (episodes: number, group: string) => void;
}

/**
 * Commits episodes in which nothing was found: without lease, lookups and judgement, and without a new version, since no answer
 * changes by it. @throws StaleFence when the graph was lost after the episode was recorded
 */
export function openFinish(
  graphs: Graphs,
  { stage, metrics, onCommitted }: FinishParts,
): (extracted: Extracted) => Promise<void> {
  const write = together<Extracted, boolean>(
    ({ episode }) => episode.group,
    (waiting) => Math.min(waiting.length, MOST),
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
      throw wasLost(extracted.episode);
    });
}

/** Of an episode that was recorded in a graph which is another one now, as after a server that lost its data. */
export function wasLost({ group }: { readonly group: string }): StaleFence {
  return new StaleFence(`The memory "${group}" was lost meanwhile; this episode is tried again.`);
}

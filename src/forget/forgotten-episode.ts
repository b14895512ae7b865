import type { Ingest } from '../ingest/ingest.ts';
import type { Forgetting } from './forget.ts';

/**
 * Ingests an episode unless it was forgotten, and removes its data if it was forgotten during the ingestion. The error of such an
 * ingestion is dropped, since it may contain forgotten text.
 */
export function ingestUnlessForgotten(ingest: Ingest, { isForgotten, sweepEpisode }: Forgetting): Ingest {
  return async (episode) => {
    const { group, uuid } = episode;
    const isDeleted = () => isForgotten(group, uuid);
    if (!(await isDeleted()))
      await ingest(episode).catch(async (error: unknown) => {
        if (!(await isDeleted())) throw error;
      });
    if (await isDeleted()) await sweepEpisode(group, uuid);
  };
}

import type { Ingest } from '../ingest/ingest.ts';
import type { Forgetting } from './forget.ts';

/**
 * Lets an episode that was forgotten end without effect, and leaves nothing of it, also when that happened while it was read. Why
 * the reading failed then is not told: it may say what is forgotten.
 */
export function forgetfulIngest(ingest: Ingest, { isForgotten, sweepEpisode }: Forgetting): Ingest {
  return async (episode) => {
    const { group, uuid } = episode;
    const isGone = () => isForgotten(group, uuid);
    if (!(await isGone()))
      await ingest(episode).catch(async (error: unknown) => {
        if (!(await isGone())) throw error;
      });
    if (await isGone()) await sweepEpisode(group, uuid);
  };
}

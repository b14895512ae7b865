import type { Ingest } from '../ingest/ingest.ts';
import type { Forgetting } from './forget.ts';

/** Lets an episode that was forgotten end without effect, and leaves nothing of it, also when that happened while it was read. */
export function forgetfulIngest(ingest: Ingest, { isForgotten, sweepEpisode }: Forgetting): Ingest {
  return async (episode) => {
    const { group, uuid } = episode;
    if (!(await isForgotten(group, uuid))) await ingest(episode);
    if (await isForgotten(group, uuid)) await sweepEpisode(group, uuid);
  };
}

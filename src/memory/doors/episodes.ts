import { checkList } from '../../strict.ts';
import { request } from '../../telemetry/request.ts';
import type { EpisodeState, LatestEpisode, LatestOptions, Learnt } from '../ask-episodes.ts';
import { checkInput } from '../input.ts';
import type { GroupOptions } from '../options.ts';
import type { Services } from '../services.ts';

/** What was handed in, and what came of it. Errors: `InvalidInput`, `StoreUnreachable`. */
export interface Episodes {
  /** Those of latest reference time, the latest first. */
  latest(options?: LatestOptions): Promise<LatestEpisode[]>;
  /** The entities that some episodes, by uuid, speak of, and the facts that they state. */
  learnt(uuids: readonly string[], options?: GroupOptions): Promise<Learnt>;
  /** How far an episode is, by the uuid of its receipt. */
  state(uuid: string, options?: GroupOptions): Promise<EpisodeState>;
}

const asks = () => import('../ask-episodes.ts');

export function openEpisodes(services: Services): Episodes {
  return {
    latest: (options = {}) =>
      request('episodes', async () => (await asks()).askForLatest(services, checkInput('latest', options))),
    learnt: (uuids, options = {}) =>
      request('learnt', async () =>
        (await asks()).askForLearnt(services, checkList(uuids, 'The uuids'), checkInput('group', options)),
      ),
    state: (uuid, options = {}) =>
      request('episode_state', async () => (await asks()).askForState(services, uuid, checkInput('group', options))),
  };
}
